"""The webhook: one signed POST, never redirected, its answer read no further than 64 kB.

While its secret is changed, each of two signs: which ones do is asked anew at every try.

The id and the body are the same on every try, so a receiver that already has it can tell; the timestamp and
with it the signature are new, so a try of tomorrow is not refused as old.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from service.alerts.channels import WebhookChannel
from service.alerts.payload import webhook_body
from service.alerts.signing import signed_headers
from service.alerts.transport import Sent, first_words
from service.core.messages import Told
from service.core.wishes import seconds_asked
from service.errors import OutgoingError, ReceiverGone
from service.net import GuardedClient, Request, Response

ANSWER_BYTES = 64 * 1024
GONE = 410

Signing = Callable[[datetime], Sequence[str]]  # the secrets that sign at that moment


class WebhookTransport:
    """Sends alerts to one webhook through the guarded client."""

    def __init__(
        self, channel: WebhookChannel, client: GuardedClient, base_url: str, signing: Signing | None = None
    ) -> None:
        self.name = channel.name
        self._channel = channel
        self._client = client
        self._base_url = base_url
        self._signing = signing or (lambda _: channel.secrets)

    async def send(self, delivery_id: str, message: Told, at: datetime) -> Sent:
        """POST the message as JSON; any 2xx is success. OutgoingError, and ReceiverGone for 410 alone."""
        body = webhook_body(message, self._base_url)
        signed = signed_headers(delivery_id, at, body, self._signing(at))
        response = await self._client.send(
            Request(
                method="POST",
                url=self._channel.url,
                headers=(*self._channel.headers, ("content-type", "application/json"), *signed),
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
    # 404 and 401 come and go with deployments; only 410 says that nobody listens any more.
    if response.status == GONE:
        raise ReceiverGone(f"Webhook {name!r} answered 410: it is gone.", status=GONE, answer=answer)
    redirect = ", a redirect, which a webhook never follows" if 300 <= response.status < 400 else ""
    raise OutgoingError(
        f"Webhook {name!r} answered {response.status}{redirect}.",
        status=response.status,
        retry_after=seconds_asked(response.header("retry-after"), at),
        answer=answer,
    )
