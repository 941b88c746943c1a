"""The types of problem documents (RFC 9457), and the exception with which a route raises one.

A type is stable: programs compare it, and texts may change. Each is a page, `/problems/<slug>`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FaultType(StrEnum):
    """The slug of a problem's type. A new one needs a row in `FAULTS`."""

    ACCOUNT_UNKNOWN = "account-unknown"
    ACTION_UNKNOWN = "action-unknown"
    ALREADY_EXISTS = "already-exists"
    BODY_TOO_LARGE = "body-too-large"
    BODY_TOO_SLOW = "body-too-slow"
    CAMPAIGN_UNKNOWN = "campaign-unknown"
    CHANGED_MEANWHILE = "changed-meanwhile"
    CONFLICT = "conflict"
    CONTACT_UNKNOWN = "contact-unknown"
    CURSOR_INVALID = "cursor-invalid"
    DOUBT_UNKNOWN = "doubt-unknown"
    EVENTS_MISSING = "events-missing"
    DECISION_UNKNOWN = "decision-unknown"
    FIELDS_WRONG = "fields-wrong"
    FORBIDDEN = "forbidden"
    GONE = "gone"
    HEADERS_TOO_LARGE = "headers-too-large"
    IDEMPOTENCY_KEY_IN_USE = "idempotency-key-in-use"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    IMPORT_UNKNOWN = "import-unknown"
    IMPORT_RUN_UNKNOWN = "import-run-unknown"
    INTERNAL = "internal"
    HOST_UNKNOWN = "host-unknown"
    KEY_ENDED = "key-ended"
    KEY_IN_URL = "key-in-url"
    KEY_LOCKED = "key-locked"
    KEY_WRONG = "key-wrong"
    MEDIA_TYPE_UNSUPPORTED = "media-type-unsupported"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_FOUND = "not-found"
    NOTICE_TARGET_UNKNOWN = "notice-target-unknown"
    PROPOSAL_CHANGED = "proposal-changed"
    PROPOSAL_DECIDED = "proposal-decided"
    REQUEST_MALFORMED = "request-malformed"
    REQUEST_REFUSED = "request-refused"
    SCHEDULE_UNKNOWN = "schedule-unknown"
    SCOPE_MISSING = "scope-missing"
    SEARCH_UNKNOWN = "search-unknown"
    SUBSCRIPTION_UNKNOWN = "subscription-unknown"
    TARGET_TOO_LONG = "target-too-long"
    TEMPLATE_UNKNOWN = "template-unknown"
    TOO_MANY_REQUESTS = "too-many-requests"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """What all problems of one type have in common: the status, the title, and what to do about it."""

    status: int
    title: str
    remedy: str


_CHECK_NAME: Final = "Check the id or the name; the route that lists them shows those that exist."

FAULTS: Final[Mapping[FaultType, FaultKind]] = {
    FaultType.ACCOUNT_UNKNOWN: FaultKind(404, "There is no such account", _CHECK_NAME),
    FaultType.ACTION_UNKNOWN: FaultKind(404, "There is no such action", _CHECK_NAME),
    FaultType.ALREADY_EXISTS: FaultKind(
        409, "Something with this name exists already", "Choose another name, or change the existing one."
    ),
    FaultType.BODY_TOO_LARGE: FaultKind(
        413, "The body is too large", "Send less at once. The detail says how much is accepted."
    ),
    FaultType.BODY_TOO_SLOW: FaultKind(
        408, "The body did not come in time", "Send the request again, over a faster connection."
    ),
    FaultType.CAMPAIGN_UNKNOWN: FaultKind(
        404,
        "There is no such campaign",
        "Check the id. A campaign that was just sent by task name appears when a worker takes it.",
    ),
    FaultType.CHANGED_MEANWHILE: FaultKind(
        412, "Somebody has changed it meanwhile", "Read it again, and repeat the change with its new ETag."
    ),
    FaultType.CONFLICT: FaultKind(
        409,
        "The request conflicts with the current state",
        "Read the current state; the detail says what is in the way of the request.",
    ),
    FaultType.CONTACT_UNKNOWN: FaultKind(404, "There is no such contact", _CHECK_NAME),
    FaultType.CURSOR_INVALID: FaultKind(
        422,
        "The cursor does not belong to this list",
        "Pass `next` of the page before as it is, with the same filters; or begin without a cursor.",
    ),
    FaultType.DOUBT_UNKNOWN: FaultKind(
        404, "There is no such doubt", "List the open ones: somebody may have answered it meanwhile."
    ),
    FaultType.EVENTS_MISSING: FaultKind(
        410,
        "Events after this position may be missing",
        "Read the current state, then begin the feed again without a position.",
    ),
    FaultType.DECISION_UNKNOWN: FaultKind(
        404,
        "This key has made no such decision",
        "Check the id. Only the key that decided can take a decision back.",
    ),
    FaultType.FIELDS_WRONG: FaultKind(
        422, "The request has wrong fields", "Correct the fields that `errors` names, and send it again."
    ),
    FaultType.FORBIDDEN: FaultKind(
        403, "The request is not allowed", "Change the request as the detail says."
    ),
    FaultType.GONE: FaultKind(410, "It has ended", "Begin again with a new link."),
    FaultType.HEADERS_TOO_LARGE: FaultKind(
        431, "The headers are too large", "Send fewer or shorter headers."
    ),
    FaultType.IDEMPOTENCY_KEY_IN_USE: FaultKind(
        409,
        "The first request with this Idempotency-Key is still running",
        "Send the request again after the time in Retry-After. It gets the first one's answer.",
    ),
    FaultType.IDEMPOTENCY_KEY_REUSED: FaultKind(
        409,
        "This Idempotency-Key belongs to another request",
        "Use a new Idempotency-Key for each request, and the same one only to repeat it.",
    ),
    FaultType.IMPORT_UNKNOWN: FaultKind(404, "There is no such import", _CHECK_NAME),
    FaultType.IMPORT_RUN_UNKNOWN: FaultKind(
        404,
        "There is no such run of an import",
        "A run is known for an hour, to the process that started it. The list of imports has its result.",
    ),
    FaultType.INTERNAL: FaultKind(
        500, "There was an error in Rapport", "Report it with the correlation id; the log has the cause."
    ),
    FaultType.HOST_UNKNOWN: FaultKind(
        421,
        "The request is for another host",
        "Use the public address, or name this host in RAPPORT_ALLOWED_HOSTS.",
    ),
    FaultType.KEY_ENDED: FaultKind(
        401, "The key has ended", "Use the newer secret of this key, or ask the operator for another key."
    ),
    FaultType.KEY_IN_URL: FaultKind(
        400, "A key came in the address", "Send the key in a header, and replace it: others may have read it."
    ),
    FaultType.KEY_LOCKED: FaultKind(
        429,
        "This network is locked out of the key",
        "Wait for the time in Retry-After, then send the current secret.",
    ),
    FaultType.KEY_WRONG: FaultKind(
        401, "The key is missing or wrong", "Send a valid key as X-API-Key or as Authorization: Bearer."
    ),
    FaultType.MEDIA_TYPE_UNSUPPORTED: FaultKind(
        415, "The body has a type that is not accepted", "Send the body as the detail says."
    ),
    FaultType.METHOD_NOT_ALLOWED: FaultKind(
        405, "This address does not accept the method", "Use a method that the Allow header lists."
    ),
    FaultType.NOT_FOUND: FaultKind(404, "Not found", "Check the address; /docs lists all routes."),
    FaultType.NOTICE_TARGET_UNKNOWN: FaultKind(404, "There is no such notice target", _CHECK_NAME),
    FaultType.PROPOSAL_CHANGED: FaultKind(
        409,
        "The proposal has changed since it was seen",
        "Show the new recipient and text to a person, and decide with the new `seen`.",
    ),
    FaultType.PROPOSAL_DECIDED: FaultKind(
        409,
        "The action is no longer proposed",
        "The detail says what became of it.",
    ),
    FaultType.REQUEST_MALFORMED: FaultKind(
        400, "The request is malformed", "Correct the request as the detail says."
    ),
    FaultType.REQUEST_REFUSED: FaultKind(
        422, "The request can't be carried out", "Change the request as the detail says; nothing was done."
    ),
    FaultType.SCHEDULE_UNKNOWN: FaultKind(404, "There is no such schedule", _CHECK_NAME),
    FaultType.SCOPE_MISSING: FaultKind(
        403, "The key lacks a scope", "Use a key that has the scope that the detail names."
    ),
    FaultType.SEARCH_UNKNOWN: FaultKind(404, "There is no such saved search", _CHECK_NAME),
    FaultType.SUBSCRIPTION_UNKNOWN: FaultKind(404, "There is no such subscription", _CHECK_NAME),
    FaultType.TARGET_TOO_LONG: FaultKind(414, "The address is too long", "Send fewer or shorter parameters."),
    FaultType.TEMPLATE_UNKNOWN: FaultKind(404, "There is no such template", _CHECK_NAME),
    FaultType.TOO_MANY_REQUESTS: FaultKind(
        429, "Too many requests", "Send the request again after the time in Retry-After."
    ),
    FaultType.UNAVAILABLE: FaultKind(
        503, "Not possible right now", "Send the request again after the time in Retry-After."
    ),
}

FAULT_OF_STATUS: Final[Mapping[int, FaultType]] = {
    400: FaultType.REQUEST_MALFORMED,
    401: FaultType.KEY_WRONG,
    403: FaultType.FORBIDDEN,
    404: FaultType.NOT_FOUND,
    405: FaultType.METHOD_NOT_ALLOWED,
    408: FaultType.BODY_TOO_SLOW,
    409: FaultType.CONFLICT,
    410: FaultType.GONE,
    413: FaultType.BODY_TOO_LARGE,
    414: FaultType.TARGET_TOO_LONG,
    415: FaultType.MEDIA_TYPE_UNSUPPORTED,
    421: FaultType.HOST_UNKNOWN,
    422: FaultType.FIELDS_WRONG,
    429: FaultType.TOO_MANY_REQUESTS,
    431: FaultType.HEADERS_TOO_LARGE,
    500: FaultType.INTERNAL,
    503: FaultType.UNAVAILABLE,
}
"""The type of a problem for which only a status is known."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """A wrong field: where it is, as `body.until` or `query.limit`, and what is wrong."""

    field: str
    message: str


class Fault(Exception):  # noqa: N818 -- an answer, as HTTPException
    """Ends a request with a problem document. The text says what happened, and why if it is not obvious."""

    def __init__(
        self,
        kind: FaultType,
        detail: str,
        *,
        errors: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers


def type_reference(kind: FaultType) -> str:
    """Return the problem's type: a relative reference to its page."""
    return f"/problems/{kind}"


def wrong_field(field: str, message: str) -> Fault:
    """Return the fault of one wrong field, which only the route can judge."""
    return Fault(FaultType.FIELDS_WRONG, f"{field}: {message}", errors=[FieldFault(field, message)])
