"""What this service does with others' events."""

from chassis.inbox import Inbox
from contracts import topics

inbox = Inbox(topics.EVALUATION)
