"""The `[[channels]]` tables of the settings file: one model for each kind of channel.

They come from that file alone: no page, no API and no command can name an address, a file or a program that
the service then writes to or runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class _Channel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="How the channel is named in logs, pages and deliveries.")


class WebhookSettings(_Channel):
    """One `[[channels]]` table of kind `webhook`."""

    kind: Literal["webhook"]
    url: str = Field(min_length=1, description="Where the alerts are posted.")
    secret: SecretStr | None = Field(
        None, description="Signing secret, `whsec_` and base64 of 24 to 64 bytes."
    )
    secrets: tuple[SecretStr, ...] = Field(
        (), description="Several secrets while one is being replaced: each signs, any verifies."
    )
    headers: dict[str, SecretStr] = Field(
        {}, description="Headers besides ours, as a gateway may ask for; their values are never shown."
    )
    timeout_seconds: float = Field(15, gt=0, le=30, description="How long one attempt may take.")


class MailSettings(_Channel):
    """One `[[channels]]` table of kind `mail`."""

    kind: Literal["mail"]
    host: str = Field(min_length=1, description="The SMTP server.")
    port: int = Field(587, ge=1, le=65535, description="Its port: 587 with STARTTLS, 465 with TLS.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`none` only for a server on this machine; a password is then refused."
    )
    username: str | None = Field(None, description="Empty: no login.")
    password: SecretStr | None = Field(None, description="Never sent without encryption.")
    sender: str = Field(min_length=1, description="Address in From.")
    recipients: tuple[str, ...] = Field(min_length=1, description="Addresses in To.")
    timeout_seconds: float = Field(20, gt=0, le=60, description="How long one attempt may take.")


class TerminalSettings(_Channel):
    """One `[[channels]]` table of kind `terminal`: alerts are printed where the worker runs."""

    kind: Literal["terminal"]
    name: str = Field("terminal", min_length=1, description="How the channel is named.")


class ChatSettings(_Channel):
    """One `[[channels]]` table of kind `slack`, `discord` or `teams`."""

    kind: Literal["slack", "discord", "teams"]
    url: SecretStr = Field(description="The incoming webhook that the chat gave you: a secret.")
    timeout_seconds: float = Field(15, gt=0, le=30, description="How long one attempt may take.")


class TelegramSettings(_Channel):
    """One `[[channels]]` table of kind `telegram`."""

    kind: Literal["telegram"]
    token: SecretStr = Field(description="The token of your bot, as @BotFather gives it.")
    chat: str = Field(min_length=1, description="Id of the chat, or @name of a public channel.")
    api: str = Field("https://api.telegram.org", description="Where the Bot API is, if you run your own.")
    timeout_seconds: float = Field(15, gt=0, le=30, description="How long one attempt may take.")


class AppriseSettings(_Channel):
    """One `[[channels]]` table of kind `apprise`: any of the services that apprise knows."""

    kind: Literal["apprise"]
    url: SecretStr = Field(description="The address in apprise's own form, as `ntfy://topic`: a secret.")
    timeout_seconds: float = Field(20, gt=0, le=60, description="How long one attempt may take.")


class FileSettings(_Channel):
    """One `[[channels]]` table of kind `file`: a line of JSON for each message."""

    kind: Literal["file"]
    path: Path = Field(description="The file, in a folder that is there; made where it is not.")
    timeout_seconds: float = Field(10, gt=0, le=60, description="How long another may hold the file.")


class CommandSettings(_Channel):
    """One `[[channels]]` table of kind `command`: a program that is handed each message."""

    kind: Literal["command"]
    command: tuple[str, ...] = Field(description="The program and its arguments; no shell reads them.")
    timeout_seconds: float = Field(15, gt=0, le=60, description="How long it may take.")


ChannelSettings = Annotated[
    WebhookSettings
    | MailSettings
    | TerminalSettings
    | ChatSettings
    | TelegramSettings
    | AppriseSettings
    | FileSettings
    | CommandSettings,
    Field(discriminator="kind"),
]
CHANNEL_MODELS = (
    WebhookSettings,
    MailSettings,
    TerminalSettings,
    ChatSettings,
    TelegramSettings,
    AppriseSettings,
    FileSettings,
    CommandSettings,
)
