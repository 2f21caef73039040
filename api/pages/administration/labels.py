"""What people call the fields of what is administered: one table for all forms and lists. Domain §1."""

from collections.abc import Mapping

from api.pages.words import MODALITY, msgid
from models.access import AccountKind
from models.settings import Criterion

LABELS: Mapping[str, str] = {
    "account_id": msgid("User"),
    "archived": msgid("The archived ones too"),
    "archived_at": msgid("Archived"),
    "buffer": msgid("Buffer after it"),
    "calls_again": msgid("Follow-up: call again"),
    "capacity": msgid("Limit"),
    "city": msgid("City"),
    "code": msgid("Code"),
    "cost_centre": msgid("Cost centre"),
    "cost_unit": msgid("Cost unit"),
    "country": msgid("Country"),
    "day": msgid("Day"),
    "debtor_number": msgid("Debtor number"),
    "department_id": msgid("Department"),
    "departments": msgid("Departments"),
    "deputy_id": msgid("Deputy"),
    "duration": msgid("Duration"),
    "email": msgid("Mail address"),
    "employee_id": msgid("Employee"),
    "employees": msgid("Employees"),
    "employer_id": msgid("Employer"),
    "employers": msgid("Employers"),
    "employment": msgid("First employment"),
    "end_minute": msgid("Until"),
    "establishment_id": msgid("Establishment"),
    "everybody": msgid("The organisation as a whole"),
    "everything": msgid("All rights"),
    "first_name": msgid("First name"),
    "from_day": msgid("From"),
    "functions": msgid("Functions"),
    "group_id": msgid("Group"),
    "has_second_factor": msgid("App for codes"),
    "invoice_code": msgid("Invoice code"),
    "is_active": msgid("May log in"),
    "is_holiday": msgid("It is a holiday"),
    "is_main": msgid("Main establishment"),
    "is_no_show": msgid("No-show type"),
    "kind": msgid("Kind"),
    "language": msgid("Language"),
    "last_name": msgid("Last name"),
    "latitude": msgid("Latitude"),
    "location_id": msgid("Location"),
    "login": msgid("User name"),
    "longitude": msgid("Longitude"),
    "minimum_notice": msgid("Minimum notice"),
    "modality": msgid("Modality"),
    "name": msgid("Name"),
    "names": msgid("Names in other languages"),
    "needs_contact_details": msgid("Contact details must be known"),
    "parent_id": msgid("Part of"),
    "performance_type_id": msgid("Performance that it writes"),
    "personnel_number": msgid("Personnel number"),
    "postal_code": msgid("Postal code"),
    "practitioner_id": msgid("Practitioner"),
    "preferred_case_kind_id": msgid("Preferred kind of case"),
    "preferred_hours": msgid("Preferred hours"),
    "private_email": msgid("Private mail address"),
    "private_mobile": msgid("Private mobile number"),
    "reason": msgid("Reason"),
    "reference": msgid("Reference"),
    "refuses_duplicates": msgid("No second one at once"),
    "rights": msgid("Rights"),
    "role": msgid("Role"),
    "role_id": msgid("Role"),
    "score": msgid("Score"),
    "start_minute": msgid("From"),
    "street": msgid("Street and number"),
    "subdivision": msgid("Subdivision"),
    "telephone": msgid("Telephone"),
    "time_zone": msgid("Time zone"),
    "until_day": msgid("Until"),
    "value": msgid("Value"),
    "vat_number": msgid("VAT number"),
    "weekday": msgid("Weekday"),
    "work_email": msgid("Mail address at work"),
    "work_mobile": msgid("Mobile number at work"),
}
HINTS: Mapping[str, str] = {
    "buffer": msgid("In minutes; practitioner and location are occupied so long."),
    "calls_again": msgid("Only of a no-show type: a new request is made."),
    "capacity": msgid("How many availabilities at once; empty where there is no limit."),
    "duration": msgid("In minutes; what is planned already keeps the duration that it has."),
    "ConsultationTypeGiven.functions": msgid("The practitioner holds one of them."),
    "is_main": msgid("The employer's own address; it has one at the most."),
    "names": msgid("Where there is none, the name above is shown."),
    "minimum_notice": msgid("Between booking and start, in minutes."),
    "reference": msgid("By which another system knows it."),
    "refuses_duplicates": msgid("Not while the employee has an open request or an appointment of this type."),
    "score": msgid("The higher, the sooner chosen."),
    "subdivision": msgid("Whose holidays count as well: NH for Noord-Holland."),
    "time_zone": msgid("Such as Europe/Amsterdam."),
    "until_day": msgid("Not included."),
}  # fmt: skip


def label(name: str) -> str:
    """Of a field."""
    return LABELS[name]


def hint(shape: str, name: str) -> str:
    """Of a field in general, or in this shape; most need none."""
    return HINTS.get(f"{shape}.{name}") or HINTS.get(name, "")


FIRST = (
    "last_name",
    "first_name",
    "employee_id",
    "employer_id",
    "establishment_id",
    "name",
    "code",
)
"""The fields that a form begins with, in this order."""
SECTIONS: Mapping[str, tuple[str, ...]] = {
    msgid("Address"): (
        "country",
        "subdivision",
        "time_zone",
        "street",
        "postal_code",
        "city",
        "latitude",
        "longitude",
    ),
    msgid("Invoicing"): ("debtor_number", "cost_centre", "cost_unit", "invoice_code", "vat_number"),
    msgid("Contact details"): ("private_email", "private_mobile", "work_email", "work_mobile"),
}
"""What stands together under a heading of its own; all else comes before them."""
WORDS: Mapping[str, str] = {
    **{code.value: word for code, word in MODALITY.items()},
    AccountKind.USER: msgid("user"),
    AccountKind.API: msgid("API account"),
    Criterion.PREFERRED_PRACTITIONER: msgid("Preferred practitioner"),
    Criterion.CONTINUITY: msgid("Continuity: the practitioner of the case"),
    Criterion.PREFERRED_LOCATION: msgid("Preferred location"),
    Criterion.TRAVEL_DISTANCE: msgid("Travel distance from the establishment"),
    Criterion.PREFERRED_HOURS: msgid("The employer's preferred days and hours"),
    Criterion.PRACTITIONER_SCORE: msgid("The practitioner's score"),
    Criterion.EVENNESS: msgid("An even number of appointments over practitioners"),
}
"""What people call the codes that a field may have."""
YES, NO = msgid("yes"), msgid("no")
ACTS: Mapping[str, str] = {
    "create": msgid("added"),
    "read": msgid("seen"),
    "update": msgid("changed"),
    "delete": msgid("removed"),
    "export": msgid("exported"),
    "login": msgid("logged in"),
}
TABLES: Mapping[str, str] = {
    "appointments": msgid("appointment"),
    "cases": msgid("case"),
    "employees": msgid("employee"),
    "employments": msgid("employment"),
    "exclusions": msgid("exclusion"),
    "performances": msgid("performance"),
    "requests": msgid("request"),
}
"""What a record of the audit log is about."""
PARAMETERS: Mapping[tuple[str, str], str] = {
    ("Planning", "Grid"): msgid("Minutes between two possible starts, counted from midnight."),
    ("Planning", "HorizonDays"): msgid("How many days ahead the nightly run plans."),
    ("Planning", "NightlyRunAt"): msgid(
        "When all open requests are planned every night, on local clocks; empty: never by itself."
    ),
    ("Planning", "NightlyRunMinutes"): msgid("Minutes that the nightly run may take."),
    ("Planning", "NoticeNextDay"): msgid(
        "Automatic planning plans nothing sooner than the next day."
    ),
    ("AppointmentRequest", "CalculateAvailabilitiesForAppointmentRequest"): msgid(
        "Save and plan is offered beside Save."
    ),
    ("Billing", "SellerName"): msgid("The name of the service on its invoices."),
    ("Billing", "SellerStreet"): msgid("Street and number of the service on its invoices."),
    ("Billing", "SellerPostalCode"): msgid("Postal code of the service on its invoices."),
    ("Billing", "SellerCity"): msgid("City of the service on its invoices."),
    ("Billing", "SellerCountry"): msgid("Country of the service on its invoices."),
    ("Billing", "SellerVatNumber"): msgid("VAT number of the service on its invoices."),
    ("Billing", "SellerRegistration"): msgid(
        "Number of the service in the trade register (in the Netherlands: KVK)."
    ),
    ("Billing", "SellerIban"): msgid("The account that invoices are paid to."),
    ("Billing", "PaymentDays"): msgid("Days within which an invoice is to be paid."),
    ("Consultation", "DefaultTypeForRequests"): msgid(
        "The consultation type that a new request begins with; a no-show type too."
    ),
    ("Messages", "InviteEmployees"): msgid(
        "An employee gets each of his appointments by mail, for his calendar: that it is made, moved or cancelled."
    ),
    ("Messages", "InvitePractitioners"): msgid(
        "A practitioner who has an account with a mail address gets each of his appointments by mail, too."
    ),
}
"""What an administrator reads of a product parameter."""
