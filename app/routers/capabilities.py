"""Retrieve Capabilities (PS3.18 §8.9): OPTIONS on the Base URI.

A CORS preflight is an OPTIONS too; the middleware answers it before it comes here, if CORS is set up.
"""

from fastapi import APIRouter
from starlette.responses import Response

from app.capabilities import capabilities_json, capabilities_xml
from app.content_coding import CODINGS, coded_etag
from app.dependencies import AskedDep
from app.negotiation import WADL, Category, select_document
from app.ranges import matches_etag
from app.representations import revision_tag
from app.responses import CodedResponse
from dicomcore.resources import Resource

router = APIRouter(tags=["Capabilities"])


async def retrieve_capabilities(asked: AskedDep) -> Response:
    """Describe what the service offers."""
    selection = select_document(asked.accepted, Category.CAPABILITIES)
    document = capabilities_xml(asked.base) if selection.media_type == WADL else capabilities_json(asked.base)
    etag = revision_tag(Resource(), "capabilities", document)
    known = asked.request.headers.get("if-none-match")
    if any(matches_etag(known, tag) for tag in (etag, *(coded_etag(etag, coding) for coding in CODINGS))):
        return Response(status_code=304, headers={"etag": etag})
    return CodedResponse([document], content_type=selection.media_type, etag=etag)


router.add_api_route("/", retrieve_capabilities, methods=["OPTIONS"], summary="Retrieve the capabilities")
router.add_api_route("", retrieve_capabilities, methods=["OPTIONS"], include_in_schema=False)
