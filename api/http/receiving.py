"""What the description of the API says to whoever receives webhooks, with a check that can be copied."""

RECEIVING = '''**Webhooks.** A receiver (`POST /api/v1/receivers`) hears of the topics that it wants (`GET /api/v1/event-topics` lists
all), as far as its account may see the thing that they are about when it is sent. A message is a POST with ids, the
topic, a `sequence` per thing and nobody's data: ask the API for the rest. Answer 2xx within 15 seconds. Whatever else
happens is tried again, 1, 2, 6 and 24 hours after the last attempt at the soonest, then no more; the log has each
attempt, and sends again what somebody wants. Messages may come twice, under the same `webhook-id` and with the same
body, and not always in order: trust `sequence`.

Each message is signed, as [Standard Webhooks](https://www.standardwebhooks.com/) has it (`webhook-id`,
`webhook-timestamp`, `webhook-signature`), and as WebSub does (`X-Hub-Signature: sha256=...`, the HMAC of the body with
the whole secret; while a secret is changed it is the old one's, until that is retired). A receiver of the protocol
`oauth2` gets a bearer token instead, which is fetched from it first. This is all that a receiver has to check:

```python
import base64, hashlib, hmac, time

def verify(secrets, headers, body, seen, now=None):
    """Raises ValueError unless the message is ours, fresh, and new. `headers`: by their names in lower case."""
    message, sent = headers["webhook-id"], headers["webhook-timestamp"]
    content = f"{message}.{sent}.".encode() + body
    given = [one.partition(",")[2] for one in headers["webhook-signature"].split()]
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        ours = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(ours, one) for one in given):
            break
    else:
        raise ValueError("the signature is not ours")
    if abs((time.time() if now is None else now) - int(sent)) > 300:
        raise ValueError("sent more than five minutes ago")
    if message in seen:
        raise ValueError("known already: answer 2xx, and do nothing")
    seen.add(message)
```
'''
