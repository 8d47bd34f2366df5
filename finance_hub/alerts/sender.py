"""Delivers the messages of the outbox through Apprise, one sender at a time.

The sender is a process of its own that outlives whoever started it: killing a scheduler or a sensor in the middle of a delivery
neither loses a message nor repeats it. If the sender itself is killed between a delivery and its note, the message goes out again
under the same key: targets that take headers get it as ``Idempotency-Key``, and it stands in every message.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from finance_hub import settings
from finance_hub.alerts.findings import home_of_outbox
from finance_hub.alerts.outbox import Message, Outbox, target_id
from finance_hub.settings import Settings

_TAKE_HEADERS = ("json://", "jsons://", "xml://", "xmls://", "form://", "forms://")


def start_sender(home: Path) -> subprocess.Popen[bytes]:
    """Start delivering in a process of its own, and do not wait; if one is delivering already, this one ends at once."""
    log = home_of_outbox(home) / "sender.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "finance_hub.alerts.sender", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def deliver(found: Settings) -> tuple[int, int]:
    """Deliver what is due; returns how many messages were delivered and how many were not."""
    addresses = {target_id(address): address for address in found.alerting.every_target}
    outbox, sent, failed = Outbox(found.home), 0, 0
    if not addresses:
        return 0, 0
    try:
        with FileLock(home_of_outbox(found.home) / "sender.lock", timeout=0):
            outbox.recover()
            while messages := outbox.claim(addresses.keys(), datetime.now(UTC)):
                trouble = _send(addresses[messages[0].target], messages)
                if trouble:
                    outbox.not_sent(messages, datetime.now(UTC), trouble)
                    failed += len(messages)
                else:
                    outbox.sent(messages, datetime.now(UTC))
                    sent += len(messages)
    except Timeout:
        return 0, 0
    return sent, failed


_SAID = {"opened": "", "resolved": "Resolved: ", "escalated": "Nobody has taken care: ", "reminded": "Still so: "}


def _send(address: str, messages: Sequence[Message]) -> str:
    """Send one message, or those of a bundle as one; returns what went wrong, or nothing."""
    import apprise

    first = messages[0]
    key = first.bundle or first.key
    if address.startswith(_TAKE_HEADERS):
        address += f"{'&' if '?' in address else '?'}+Idempotency-Key={quote(key)}"
    target = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Finance Integration Hub", app_desc="Finance Integration Hub"))
    if not target.add(address):
        return "Apprise does not know this kind of address"
    if all(each.event == "resolved" for each in messages):
        kind = apprise.NotifyType.SUCCESS
    elif any(each.severity == "critical" for each in messages):
        kind = apprise.NotifyType.FAILURE
    else:
        kind = apprise.NotifyType.WARNING
    title = f"{_SAID[first.event]}{first.title}" if len(messages) == 1 else f"{len(messages)} alerts"
    body = "\n\n".join(_told(each, alone=len(messages) == 1) for each in messages)
    return "" if target.notify(body=f"{body}\n\nMessage {key}", title=title, notify_type=kind) else "the target did not take it"


def _told(message: Message, *, alone: bool) -> str:
    """A message's part of the body: what is over needs no more than its name."""
    text = message.title if message.event == "resolved" else message.message
    return text if alone else f"{_SAID[message.event]}{text}"


def main() -> None:
    """``python -m finance_hub.alerts.sender HOME``."""
    sent, failed = deliver(settings.load(Path(sys.argv[1])))
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} delivered {sent}, not delivered {failed}")


if __name__ == "__main__":
    main()
