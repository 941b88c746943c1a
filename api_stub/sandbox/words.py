"""The texts of the practice network's pages, in the member's language."""

from collections.abc import Mapping
from datetime import date

_ENGLISH = {
    "about": "About",
    "also": "You may also know",
    "birthdays": "Birthdays",
    "challenge": "Let's check that it is you",
    "challenge_text": "A person has to answer this in a browser before the account can go on.",
    "close": "Close",
    "connect": "Connect",
    "conversation": "Conversation with {name}",
    "dismiss": "Dismiss",
    "earlier": "Earlier",
    "experience": "Experience",
    "failed": "The message could not be sent.",
    "feed": "Feed",
    "gone": "This page doesn't exist",
    "gone_text": "The profile may have been removed.",
    "inbox": "Messaging",
    "limit": "You've reached the limit for now",
    "limit_text": "Please slow down and come back tomorrow.",
    "message": "Message",
    "message_to": "Message {name}",
    "navigation": "Main",
    "no_birthdays": "No birthdays in these days.",
    "no_talks": "No conversations yet.",
    "older": "Older conversations",
    "pages": "Pages",
    "popup": "Try Fellow Plus",
    "popup_text": "A whole month for nothing. Or not now.",
    "search": "Search people",
    "send": "Send",
    "sent_by": "Sent by {name}",
    "sent_by_you": "Sent by you",
    "sign_out": "Sign out",
    "skills": "Skills",
    "today": "Today",
    "trouble": "Something went wrong",
    "trouble_text": "That is our fault. Please try again later.",
    "unread": "Unread",
    "welcome": "Good to see you, {name}",
    "write": "Write a message",
}

_FRENCH = {
    "about": "Infos",
    "also": "Vous connaissez peut-être",
    "birthdays": "Anniversaires",
    "challenge": "Vérifions que c'est bien vous",
    "challenge_text": "Une personne doit répondre ici dans un navigateur pour que le compte continue.",
    "close": "Fermer",
    "connect": "Se connecter",
    "conversation": "Conversation avec {name}",
    "dismiss": "Ignorer",
    "earlier": "Plus tôt",
    "experience": "Expérience",
    "failed": "Le message n'a pas pu être envoyé.",
    "feed": "Fil",
    "gone": "Cette page n'existe pas",
    "gone_text": "Le profil a peut-être été supprimé.",
    "inbox": "Messagerie",
    "limit": "Vous avez atteint la limite pour l'instant",
    "limit_text": "Ralentissez et revenez demain.",
    "message": "Message",
    "message_to": "Envoyer un message à {name}",
    "navigation": "Principale",
    "no_birthdays": "Pas d'anniversaire ces jours-ci.",
    "no_talks": "Pas encore de conversation.",
    "older": "Conversations plus anciennes",
    "pages": "Pages",
    "popup": "Essayez Fellow Plus",
    "popup_text": "Un mois entier gratuit. Ou pas maintenant.",
    "search": "Rechercher des personnes",
    "send": "Envoyer",
    "sent_by": "Envoyé par {name}",
    "sent_by_you": "Envoyé par vous",
    "sign_out": "Se déconnecter",
    "skills": "Compétences",
    "today": "Aujourd'hui",
    "trouble": "Une erreur s'est produite",
    "trouble_text": "C'est de notre faute. Réessayez plus tard.",
    "unread": "Non lu",
    "welcome": "Content de vous voir, {name}",
    "write": "Écrivez un message",
}

WORDS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "fr": _FRENCH}


def birthday_line(language: str, on: date, today: date) -> str:
    """How the birthdays page says when a birthday was."""
    days = (today - on).days
    if language == "fr":
        when = {0: "aujourd'hui", 1: "hier"}.get(days, f"il y a {days} jours")
        return f"Anniversaire {when}"
    when = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
    return f"Birthday {when}"
