"""The words of kinds, channels, classes, states and outcomes of complaints."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.texts import Message, say

KINDS: Mapping[str, Message] = {
    "complaint": say("Complaint"),
    "suggestion": say("Suggestion"),
    "appreciation": say("Appreciation"),
}
CHANNELS: Mapping[str, Message] = {
    "visit": say("Face to face"),
    "box": say("Suggestion box"),
    "whatsapp": say("WhatsApp"),
    "phone": say("Telephone"),
    "email": say("E-mail"),
    "sp4n_lapor": say("SP4N-LAPOR!"),
    "social_media": say("Social media"),
    "web": say("Web form"),
}
CLASSES: Mapping[str, Message] = {
    "light": say("Light"),
    "normative": say("Normative"),
    "not_supervisory": say("Not supervisory"),
    "supervisory": say("Supervisory, with examination"),
}
STATES: Mapping[str, Message] = {
    "received": say("Received"),
    "classified": say("Classified"),
    "assigned": say("Assigned"),
    "in_progress": say("Being worked on"),
    "answered": say("Answered"),
    "closed": say("Closed"),
}
OUTCOMES: Mapping[str, Message] = {
    "satisfied": say("The reporter is satisfied"),
    "no_reaction": say("The reporter did not react"),
    "noted": say("Noted"),
}
PRIVACY: Mapping[str, Message] = {
    "open": say("The office may know who I am"),
    "confidential": say("Keep my identity secret (only the complaint officer and the head see it)"),
    "anonymous": say("Anonymous (nothing about me is stored)"),
}
HIDDEN = say("kept secret")
ANONYMOUS = say("anonymous")
ERASED = say("erased")
EVENTS: Mapping[str, Message] = {
    "complaint:received": say("Received"),
    "complaint:classified": say("Classified"),
    "complaint:assigned": say("Assigned"),
    "complaint:in-progress": say("Work on it has begun"),
    "complaint:answered": say("Answered"),
    "complaint:closed": say("Closed"),
    "complaint:reopened": say("Reopened"),
    "complaint:linked": say("Linked"),
    "complaint:due-soon": say("Due soon"),
    "complaint:overdue": say("Overdue"),
    "complaint:erased": say("Personal data of the reporter was erased"),
}
"""What is said of an event whose payload was erased."""
