"""Forms as PDF, set outside of the event loop."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from papers.letters import pdf
from placement.texts import form


async def printed(name: str, data: Mapping[str, Any]) -> Response:
    """A form filled in; nothing on the way may keep it."""
    content = await asyncio.to_thread(pdf, form(name), data)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{data["agreement"]}.pdf"',
    }
    return Response(content, media_type="application/pdf", headers=headers)
