"""The pages: HTML over the same routes, policies and transactions as the API. A page decides nothing.

A page is declared as a route of the API is (`api.http.declaring`), with the face of `pages.face`: forms for bodies,
sentences for problems. Its function calls what the API's route calls, and renders what that shows.
"""
