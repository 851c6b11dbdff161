"""The webhook: one signed POST, never redirected, its answer read no further than 64 kB.

The id and the body are the same on every try, so a receiver that already has it can tell; the timestamp and
with it the signature are new, so a try of tomorrow is not refused as old.
"""

from __future__ import annotations

from datetime import datetime

from service.alerts.channels import WebhookChannel
from service.alerts.payload import webhook_body
from service.alerts.retries import parse_retry_after
from service.alerts.signing import signed_headers
from service.alerts.transport import Sent, first_words
from service.core.messages import Message
from service.errors import OutgoingError
from service.net import GuardedClient, Request, Response

ANSWER_BYTES = 64 * 1024
GONE = 410


class WebhookTransport:
    """Sends alerts to one webhook through the guarded client."""

    def __init__(self, channel: WebhookChannel, client: GuardedClient, base_url: str) -> None:
        self.name = channel.name
        self._channel = channel
        self._client = client
        self._base_url = base_url

    async def send(self, delivery_id: str, message: Message, at: datetime) -> Sent:
        """POST the message as JSON; any 2xx is success. Raises OutgoingError, permanent for 410 only."""
        body = webhook_body(message, self._base_url)
        signed = signed_headers(delivery_id, at, body, self._channel.secrets)
        response = await self._client.send(
            Request(
                method="POST",
                url=self._channel.url,
                headers=(("content-type", "application/json"), *signed),
                body=body,
                deadline_seconds=self._channel.timeout_seconds,
                max_bytes=ANSWER_BYTES,
                cut_long_body=True,
                follow_redirects=False,
            )
        )
        return _judged(self.name, response, at)


def _judged(name: str, response: Response, at: datetime) -> Sent:
    answer = first_words(response.body)
    if 200 <= response.status < 300:
        return Sent(status=response.status, answer=answer)
    redirect = ", a redirect, which a webhook never follows" if 300 <= response.status < 400 else ""
    raise OutgoingError(
        f"Webhook {name!r} answered {response.status}{redirect}.",
        # 404 and 401 come and go with deployments; only 410 says that nobody listens any more.
        permanent=response.status == GONE,
        status=response.status,
        retry_after=parse_retry_after(response.header("retry-after"), at),
        answer=answer,
    )
