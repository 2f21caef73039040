"""How a page is declared: as a route of the API is, with HTML for a face."""

from api.http.declaring import Routes
from api.pages.face import PAGE


class Pages(Routes):
    """The pages of one subject."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag, prefix="", face=PAGE)
