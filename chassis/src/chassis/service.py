"""A service, as its `main.py` puts it together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from contracts.topics import TOPICS, Topic

if TYPE_CHECKING:
    from chassis.encryption import SealedTable
    from chassis.inbox import Inbox
    from chassis.runtime import Api, Worker
    from chassis.settings import ServiceSettings
    from contracts.audit import AuditSealed

Role = Literal["all", "web", "worker", "relay"]


@dataclass(frozen=True, slots=True)
class Service:
    """What a service is made of; parts that are named as `package.module:name` are imported when needed.

    Attributes:
        name: of its database, its consumer group and its console script.
        settings: the class of its settings.
        inbox: what it does with others' events, where it listens to any.
        api: makes its HTTP interface of the runtime.
        workers: what else runs in the role `worker`, each until `runtime.stopping`; a loop beats once a turn
            (`chassis.heartbeat`).
        commands: its own beside those of the chassis: where the function of each is.
        commands_inside: the same where settings and database are needed: what makes the function of
            `chassis.runtime.Inside`.
        topics: what its outbox may hold.
        sealed: tables with columns of personal data; its settings are `PersonalDataSettings` then.
        audited_as: the event that tells the head of its audit log; None tells nobody.
    """

    name: str
    settings: "type[ServiceSettings] | str"
    inbox: "Inbox | str | None" = None
    api: "Api | str | None" = None
    workers: "Sequence[Worker | str]" = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    commands_inside: Mapping[str, str] = field(default_factory=dict)
    topics: Sequence[Topic] = TOPICS
    sealed: "Sequence[SealedTable | str]" = ()
    audited_as: "type[AuditSealed] | str | None" = None
