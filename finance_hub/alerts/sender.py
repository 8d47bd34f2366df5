"""Delivers the messages of the outbox through Apprise, one sender at a time.

The sender is a process of its own that outlives whoever started it: killing a scheduler or a sensor in the middle of a delivery
neither loses a message nor repeats it. If the sender itself is killed between a delivery and its note, the message goes out again
under the same key: targets that take headers get it as ``Idempotency-Key``, and it stands in every message.
"""

from __future__ import annotations

import subprocess
import sys
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
            while message := outbox.claim(addresses.keys(), datetime.now(UTC)):
                trouble = _send(addresses[message.target], message)
                if trouble:
                    outbox.not_sent(message, datetime.now(UTC), trouble)
                    failed += 1
                else:
                    outbox.sent(message, datetime.now(UTC))
                    sent += 1
    except Timeout:
        return 0, 0
    return sent, failed


def _send(address: str, message: Message) -> str:
    """Send one message; returns what went wrong, or nothing."""
    import apprise

    if address.startswith(_TAKE_HEADERS):
        address += f"{'&' if '?' in address else '?'}+Idempotency-Key={quote(message.key)}"
    target = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Finance Integration Hub", app_desc="Finance Integration Hub"))
    if not target.add(address):
        return "Apprise does not know this kind of address"
    is_over = message.event == "resolved"
    kind = apprise.NotifyType.SUCCESS if is_over else apprise.NotifyType.FAILURE
    if not is_over and message.severity != "critical":
        kind = apprise.NotifyType.WARNING
    title = f"{'Resolved: ' if is_over else ''}{message.title}"
    body = f"{message.message}\n\nMessage {message.key}" if not is_over else f"{message.title}\n\nMessage {message.key}"
    return "" if target.notify(body=body, title=title, notify_type=kind) else "the target did not take it"


def main() -> None:
    """``python -m finance_hub.alerts.sender HOME``."""
    sent, failed = deliver(settings.load(Path(sys.argv[1])))
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} delivered {sent}, not delivered {failed}")


if __name__ == "__main__":
    main()
