"""The routes, subject by subject: a new one is a module here and a line in `ALL`."""

from api.http.routes import (
    accounts,
    agenda,
    appointments,
    audit,
    deputies,
    groups,
    me,
    oauth,
    parameters,
    requests,
    roles,
    runs,
    session,
)

ALL = (
    session.routes,
    oauth.routes,
    me.routes,
    deputies.routes,
    accounts.routes,
    roles.routes,
    groups.routes,
    requests.routes,
    appointments.routes,
    agenda.routes,
    runs.routes,
    parameters.routes,
    audit.routes,
)
