"""POST /graphql/: from bytes to bytes.

200 when the document ran, whatever its fields answered; 400 for what could not run, 401 for key or token, 405 for other
methods, 429 beyond what the plan allows in a second or a network in joins; 500 when the server is at fault, 503 when
the database undid the request twice: nothing of it is kept then.
"""

from datetime import UTC, datetime
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from graphql import execute_sync

from storefront_api.access import get_caller
from storefront_api.documents import get_document
from storefront_api.errors import RequestRefused, refusal_json, to_json
from storefront_api.execution import SynchronousExecution
from storefront_api.limits import MAX_BODY_BYTES, check_variables
from storefront_api.schema.context import Context
from storefront_api.schema.root import SCHEMA
from storefront_api.throttle import check_rate
from tenants.conflicts import note_conflict
from tenants.models import Shop

ALLOWED_HEADERS = "Authorization, Content-Type, X-Storefront-Key"


@csrf_exempt  # no cookie speaks for the caller here: keys and tokens are headers, which no form can send
def graphql(request: HttpRequest) -> HttpResponse:
    """Answer a GraphQL request of the shop's storefront."""
    shop: Shop = request.shop  # type: ignore[attr-defined]
    if request.method == "OPTIONS":
        return _allow_preflight(request)
    is_known = False
    language = None if "Accept-Language" in request.headers else shop.language
    with translation.override(language or translation.get_language()):
        try:
            _check_request(request)
            now = datetime.now(UTC)
            caller = get_caller(request=request, shop=shop, now=now)
            is_known = True
            status, answer = _run(request.body, Context(request=request, shop=shop, caller=caller, now=now))
        except RequestRefused as refusal:
            response = _answer(refusal.status, refusal_json(refusal))
            if refusal.retry_after is not None:
                response["Retry-After"] = str(refusal.retry_after)
            return _allow_origin(request, response) if is_known else response
    if status == 503:
        note_conflict(request)
    return _allow_origin(request, _answer(status, answer))


def _allow_origin(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let the page read the answer: its key has just been found to work from there."""
    origin = request.headers.get("Origin")
    if origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Expose-Headers"] = "Retry-After"
    patch_vary_headers(response, ["Origin"])
    return response


def _check_request(request: HttpRequest) -> None:
    if request.method != "POST":
        raise RequestRefused("METHOD_NOT_ALLOWED", _("Send GraphQL documents by POST."), status=405)
    if request.content_type != "application/json":
        raise RequestRefused("BAD_REQUEST", _("Send JSON, with the header Content-Type: application/json."))
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        raise RequestRefused("QUERY_TOO_COSTLY", _("The request is too large."))


def _run(body: bytes, context: Context) -> tuple[int, dict[str, Any]]:
    text, variables, operation = _read(body)
    document = get_document(SCHEMA, text)
    check_rate(context.shop, cost=document.get_cost(operation))
    result = execute_sync(
        SCHEMA,
        document.node,
        context_value=context,
        variable_values=variables,
        operation_name=operation,
        execution_context_class=SynchronousExecution,
    )
    if not result.errors:
        return 200, {"data": result.data}
    for error in result.errors:
        if isinstance(error.original_error, RequestRefused):  # by a mutation, which stands alone: nothing else ran
            raise error.original_error
    errors, status = to_json(result.errors)
    if status != 200:
        return status, {"data": None, "errors": errors}
    # Without a path it is the variables or the operation's name that are wrong: nothing ran.
    ran = result.data is not None or any(error.path for error in result.errors)
    return (200, {"data": result.data, "errors": errors}) if ran else (400, {"errors": errors})


def _read(body: bytes) -> tuple[str, dict[str, Any] | None, str | None]:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestRefused("BAD_REQUEST", _("The body is not valid JSON.")) from None
    if isinstance(request, list):
        raise RequestRefused("BATCH_NOT_ALLOWED", _("Send one document a request; several fields may stand in it."))
    if not isinstance(request, dict) or not isinstance(request.get("query"), str):
        raise RequestRefused("BAD_REQUEST", _('Send an object with the document as "query".'))
    variables, operation = request.get("variables"), request.get("operationName")
    if not (variables is None or isinstance(variables, dict)):
        raise RequestRefused("BAD_REQUEST", _("“variables” is an object."))
    if not (operation is None or isinstance(operation, str)):
        raise RequestRefused("BAD_REQUEST", _("“operationName” is a text."))
    check_variables(variables)
    return request["query"], variables, operation


def _allow_preflight(request: HttpRequest) -> HttpResponse:
    """Any origin may ask whether it may ask: no cookie is involved, and the key decides when the request comes."""
    response = HttpResponse(status=204)
    origin = request.headers.get("Origin")
    if origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Methods"] = "POST"
        response["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response["Access-Control-Max-Age"] = "7200"
    response["Allow"] = "POST, OPTIONS"
    patch_vary_headers(response, ["Origin"])
    return response


def _answer(status: int, answer: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(orjson.dumps(answer), content_type="application/json", status=status)
    response["Cache-Control"] = "no-store"
    if status == 405:
        response["Allow"] = "POST, OPTIONS"
    elif status == 503:
        response["Retry-After"] = "1"
    return response
