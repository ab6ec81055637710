"""Whether a delivery is GitLab's: the token before the body is read, the signature over it. Several secrets at once."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Secrets:
    """Secrets of which any one is good, so that they can be rotated.

    Args:
        tokens: for X-Gitlab-Token.
        signing: `whsec_...`, for the Standard Webhooks scheme (GitLab 19 and later).
    """

    tokens: tuple[str, ...] = ()
    signing: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Secrets(...)"

    @property
    def is_empty(self) -> bool:
        return not self.tokens and not self.signing


def token_is_good(given: str | None, secrets: Secrets) -> bool:
    """Every secret is compared, each in constant time; without tokens in the settings any is good."""
    if not secrets.tokens:
        return True
    candidate = (given or "").encode()
    return sum(hmac.compare_digest(candidate, token.encode()) for token in secrets.tokens) > 0


def signature_is_good(headers: Mapping[str, str], body: bytes, secrets: Secrets) -> bool:
    """Where a signing secret is set, one of them must have signed the body within five minutes."""
    if not secrets.signing:
        return True
    return sum(_verifies(secret, headers, body) for secret in secrets.signing) > 0


def _verifies(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except Exception:  # whatever is wrong with the headers or the body, it is not what was signed
        return False
    return True
