"""Webhook signatures after Standard Webhooks (standardwebhooks.com), one for each secret.

Two secrets are two signatures in one header: the receiver may change its secret while both are valid.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from service.errors import SettingsError

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes, as the specification asks


def secret_bytes(secret: str) -> bytes:
    """The key in `whsec_<base64>`. Raises SettingsError, whose message never shows the secret."""
    if not secret.startswith(PREFIX):
        raise SettingsError(f"A webhook secret must start with {PREFIX}, followed by base64.")
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        # `from None`: the chained error would carry the secret into a log.
        raise SettingsError(f"A webhook secret must be base64 after {PREFIX}.") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise SettingsError(
            f"A webhook secret must hold {SHORTEST} to {LONGEST} bytes in base64; this one holds {len(key)}."
        )
    return key


def signed_headers(
    message_id: str, at: datetime, body: bytes, secrets: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """The three headers `webhook-id`, `webhook-timestamp` (whole seconds) and `webhook-signature`.

    Raises SettingsError for a bad secret or none at all.
    """
    if not secrets:
        raise SettingsError("A webhook needs at least one secret to sign with.")
    utc = at.astimezone(UTC)
    text = body.decode("utf-8")
    signatures = [Webhook(secret_bytes(secret)).sign(message_id, utc, text) for secret in secrets]
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", str(int(utc.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
    )
