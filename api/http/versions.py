"""ETags: the version of a row, in quotes."""

import re

from api.http.strict import MalformedError

ETAG = re.compile(r'"([0-9]{1,18})"')


def expected_version(condition: str) -> int:
    """The version that a caller has read.

    Raises:
        MalformedError: `If-Match` is not one ETag of ours.
    """
    found = ETAG.fullmatch(condition.strip())
    if found is None:
        raise MalformedError(422, "version_malformed")
    return int(found[1])
