"""The placement service, put together."""

from chassis.cli import cli
from chassis.service import Service


def main() -> None:
    service = Service(
        name="placement",
        settings="placement.settings:Settings",
        inbox="placement.events:inbox",
        api="placement.http:api",
        workers=(
            "web.idempotency:sweep",
            "placement.worker:watch_offers",
            "placement.worker:watch_agreements",
            "placement.worker:watch_files",
            "placement.worker:watch_retention",
            "placement.worker:watch_persons",
            "placement.worker:watch_requests_to_be_forgotten",
        ),
        commands={"recompute": "placement.snapshots:recompute"},
        sealed=("placement.store.persons:PERSONS", "placement.store.imports:FILES"),
        audited_as="contracts.audit:PlacementAuditSealed",
    )
    cli(service)()
