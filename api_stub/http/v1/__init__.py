"""The HTTP API, version 1.

How a route is written:

- A module for each resource, with its `router` in `router.py`. A route is thin: it asks the store, and its
  answer is a model of `api_stub/responses`, or of `models/` where only HTTP has it.
- `caller.py`: the parameter `caller: ReadCaller` (or Control-, Approve-, AdminCaller) says what the key must
  be allowed; `caller.name` is who did it. Every route has one.
- `faults.py`: `raise Fault(FaultType.CONTACT_UNKNOWN, "there is no ...")`, declared by
  `responses=problems(FaultType.CONTACT_UNKNOWN)`. What the guard and the handlers answer is declared for all.
- `pages.py`: long lists are pages by keyset, with a signed cursor.
- `conditions.py`: ETag and If-Match.
- `fields.py`: texts, days, instants and numbers with their bounds.
- Idempotency-Key is handled for all routes that change something; a route does nothing for it.
- Each model has an example: `model_config = ConfigDict(json_schema_extra={"examples": [...]})`. Pages and
  lists take theirs from their items.
"""
