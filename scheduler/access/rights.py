"""The closed catalogue of what may be done; a role is a set of these. Domain §§3-8."""

from enum import StrEnum
from typing import Self


class Right(StrEnum):
    """Stable and public: roles are kept by these codes."""

    sentence: str
    """What it allows, for whoever puts a role together."""

    def __new__(cls, code: str, sentence: str) -> Self:
        right = str.__new__(cls, code)
        right._value_ = code
        right.sentence = sentence
        return right

    # who there is
    VIEW_ORGANISATION = "view_organisation", "see employers, establishments and departments"
    MANAGE_ORGANISATION = "manage_organisation", "add and edit employers and what is below them"
    VIEW_EMPLOYEES = "view_employees", "see employees and their employments"
    MANAGE_EMPLOYEES = "manage_employees", "add and edit employees and their employments"
    VIEW_CASES = "view_cases", "see cases"
    MANAGE_CASES = "manage_cases", "open, edit and close cases"

    # what is asked
    VIEW_REQUESTS = "view_requests", "see requests for appointments"
    CREATE_REQUESTS = "create_requests", "make and edit requests, which wait for approval"
    PLACE_REQUESTS = "place_requests", "place requests without approval"
    APPROVE_REQUESTS = "approve_requests", "approve or reject requests that wait for it"
    WITHDRAW_REQUESTS = "withdraw_requests", "withdraw requests"
    CHANGE_FORMAL_REQUEST_DATE = (
        "change_formal_request_date",
        "set another formal request date than today",  # [001] super-administrators only, by default
    )

    # what is planned
    VIEW_APPOINTMENTS = "view_appointments", "see appointments"
    PLAN_APPOINTMENTS = "plan_appointments", "plan, edit and move appointments by hand"
    PLAN_AUTOMATICALLY = "plan_automatically", "save and plan: let a request be planned at once"
    OVERRIDE_RULES = "override_rules", "set a rule of automatic planning aside, for a reason"
    COMPLETE_APPOINTMENTS = "complete_appointments", "complete appointments"
    UNDO_COMPLETION = "undo_completion", "undo the completion of appointments"
    CANCEL_APPOINTMENTS = "cancel_appointments", "cancel appointments"
    DELETE_APPOINTMENTS = "delete_appointments", "delete appointments"
    PROCESS_NO_SHOWS = "process_no_shows", "mark appointments as no-shows, and correct it"
    MARK_LAPSED = "mark_lapsed", "mark invoiced appointments as lapsed, with a refund"
    REPORT_AD_HOC = "report_ad_hoc", "add appointments ad hoc, for a report"

    DO_TASKS = "do_tasks", "see tasks, do them and pass them on"

    # by whom, where and when
    VIEW_AGENDA = "view_agenda", "see practitioners, locations, availabilities and absences"
    MANAGE_AVAILABILITIES = "manage_availabilities", "add, change and remove availabilities"
    MANAGE_ABSENCES = "manage_absences", "add, change and remove absences"
    MANAGE_PRACTITIONERS = "manage_practitioners", "add and edit practitioners and functions"
    MANAGE_LOCATIONS = "manage_locations", "add and edit locations and own holidays"
    MANAGE_TYPES = "manage_types", "add and edit consultation types"
    VIEW_EXCLUSIONS = "view_exclusions", "see who may not see an employee"  # [000 §3.1.1]
    MANAGE_EXCLUSIONS = "manage_exclusions", "add and remove exclusions"  # [000 §3.1.1]

    # the night
    START_RUNS = "start_runs", "start and preview planning runs, and see their reports"
    TAKE_BACK_RUNS = "take_back_runs", "take planning runs back"
    ORDER_PREFERENCES = "order_preferences", "set the order of the preferences"

    # the money
    WRITE_PERFORMANCES = "write_performances", "write performances"
    VIEW_BILLING = "view_billing", "see agreements, prices, performances and invoices"
    MANAGE_AGREEMENTS = "manage_agreements", "add and edit agreements, contract models and prices"
    INVOICE = "invoice", "make invoice bases, and make them final"
    REIMBURSE = "reimburse", "manage suppliers, and make reimbursement batches"

    # what leaves, and comes in
    MANAGE_MESSAGES = "manage_messages", "edit templates, reminders, senders and mail servers"
    MANAGE_TRIGGERS = "manage_triggers", "set up triggers"
    MANAGE_RECEIVERS = "manage_receivers", "set up receivers of webhooks"
    IMPORT = "import", "import employees and requests"
    EXPORT = "export", "export employees and requests"

    # the service itself
    APPOINT_DEPUTIES = "appoint_deputies", "let somebody act for oneself in a period"  # [003]
    MANAGE_USERS = "manage_users", "add, edit, unlock and deactivate users"
    MANAGE_API_ACCOUNTS = "manage_api_accounts", "add and edit the accounts of programs"
    MANAGE_ROLES = "manage_roles", "put roles together"
    MANAGE_GROUPS = "manage_groups", "say which part of the organisation a group reaches"
    MANAGE_PARAMETERS = "manage_parameters", "set the product parameters"
    VIEW_AUDIT = "view_audit", "see who saw or changed what of whom"


EVERY_RIGHT = frozenset(Right)


def rights_of(codes: frozenset[str]) -> frozenset[Right]:
    """The rights by these codes; one that no longer exists gives nothing."""
    return frozenset(right for right in Right if right.value in codes)
