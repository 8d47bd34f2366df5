"""Attribution: credits that are known, credits that must hold, and the command."""
