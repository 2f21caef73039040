"""What a form is answered with, where it is not a piece of a page."""

from api.http.replies import Reply


def go_to(path: str, *, cookies: tuple[str, ...] = ()) -> Reply:
    """Show this page next."""
    return Reply(b"", headers={"HX-Redirect": path}, cookies=cookies)


def again() -> Reply:
    """Show the same page, as it is now."""
    return Reply(b"", headers={"HX-Refresh": "true"})


def here(path: str | None) -> str:
    """A place of ours, and nobody else's: where a link could lead elsewhere, the beginning."""
    ours = path is not None and path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if path is not None and ours and "\\" not in path else "/"
