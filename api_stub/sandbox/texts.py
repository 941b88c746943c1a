"""The texts of the practice network's pages, in the member's language."""

from collections.abc import Mapping
from datetime import date

from api_stub.sandbox.texts_german import GERMAN

_ENGLISH = {
    "about": "About",
    "all_certificates": "Show all {n} licenses & certifications",
    "all_jobs": "Show all {n} experiences",
    "all_languages": "Show all {n} languages",
    "all_schools": "Show all {n} schools",
    "all_skills": "Show all {n} skills",
    "also": "You may also know",
    "at": "at",
    "automatic": "Automatic reply",
    "birthdays": "Birthdays",
    "cancel": "Cancel",
    "certificates": "Licenses & certifications",
    "challenge": "Let's check that it is you",
    "challenge_text": "A person has to answer this in a browser before the account can continue.",
    "close": "Close",
    "connect": "Connect",
    "connection": "{degree} degree connection",
    "conversation": "Conversation with {name}",
    "dismiss": "Dismiss",
    "earlier": "Earlier",
    "education": "Education",
    "experience": "Experience",
    "failed": "The message could not be sent.",
    "feed": "Feed",
    "field_company": "Company",
    "field_dates": "Dates",
    "field_degree": "Degree",
    "field_distance": "Degree of connection",
    "field_headline": "Headline",
    "field_location": "Location",
    "field_name": "Name",
    "field_school": "School",
    "field_status": "Status",
    "field_title": "Title",
    "gone": "This page doesn't exist",
    "gone_text": "The profile may have been removed.",
    "inbox": "Messaging",
    "invitations": "Sent invitations",
    "invited": "People ({total})",
    "issued": "Issued {month}",
    "languages": "Languages",
    "level_1": "Elementary",
    "level_2": "Limited working",
    "level_3": "Professional working",
    "level_4": "Full professional",
    "level_5": "Native or bilingual",
    "limit": "You've reached the limit for now",
    "limit_text": "Please slow down and come back tomorrow.",
    "message": "Message",
    "message_to": "Message {name}",
    "navigation": "Main",
    "next": "Next",
    "not_now": "Not now",
    "no_birthdays": "No birthdays in these days.",
    "no_invitations": "No sent invitations.",
    "no_results": "No results. Try fewer words.",
    "no_talks": "No conversations yet.",
    "older": "Older conversations",
    "other_dialog": "One more thing",
    "open": "Open to work",
    "pages": "Pages",
    "pending": "Pending",
    "people": "People",
    "popup": "Try Fellow Plus",
    "popup_text": "A whole month for nothing. Or not now.",
    "present": "Present",
    "search": "Search people",
    "see_more": "see more",
    "send": "Send",
    "sent_by": "Sent by {name}",
    "sent_by_you": "Sent by you",
    "share": "Share",
    "share_title": "Share your contact details?",
    "sign_out": "Sign out",
    "skills": "Skills",
    "today": "Today",
    "trouble": "Something went wrong",
    "trouble_text": "That is our fault. Please try again later.",
    "unread": "Unread",
    "welcome": "Good to see you, {name}",
    "withdraw": "Withdraw",
    "withdraw_of": "Withdraw the invitation to {name}",
    "withdraw_text": "You won't be able to invite this person again for some weeks.",
    "withdraw_title": "Withdraw invitation",
    "write": "Write a message",
}

_FRENCH = {
    "about": "Infos",
    "all_certificates": "Afficher les {n} licences et certifications",
    "all_jobs": "Afficher les {n} expériences",
    "all_languages": "Afficher les {n} langues",
    "all_schools": "Afficher les {n} formations",
    "all_skills": "Afficher les {n} compétences",
    "also": "Vous connaissez peut-être",
    "at": "chez",
    "automatic": "Réponse automatique",
    "birthdays": "Anniversaires",
    "cancel": "Annuler",
    "certificates": "Licences et certifications",
    "challenge": "Vérifions que c'est bien vous",
    "challenge_text": "Une personne doit répondre ici dans un navigateur pour que le compte continue.",
    "close": "Fermer",
    "connect": "Se connecter",
    "connection": "Relation de {degree} niveau",
    "conversation": "Conversation avec {name}",
    "dismiss": "Ignorer",
    "earlier": "Plus tôt",
    "education": "Formation",
    "experience": "Expérience",
    "failed": "Le message n'a pas pu être envoyé.",
    "feed": "Fil",
    "field_company": "Entreprise",
    "field_dates": "Dates",
    "field_degree": "Diplôme",
    "field_distance": "Niveau de relation",
    "field_headline": "Titre du profil",
    "field_location": "Lieu",
    "field_name": "Nom",
    "field_school": "Établissement",
    "field_status": "Statut",
    "field_title": "Poste",
    "gone": "Cette page n'existe pas",
    "gone_text": "Le profil a peut-être été supprimé.",
    "inbox": "Messagerie",
    "invitations": "Invitations envoyées",
    "invited": "Personnes ({total})",
    "issued": "Émise en {month}",
    "languages": "Langues",
    "level_1": "Notions",
    "level_2": "Compétence limitée",
    "level_3": "Compétence professionnelle",
    "level_4": "Capacité professionnelle complète",
    "level_5": "Bilingue ou langue natale",
    "limit": "Vous avez atteint la limite pour l'instant",
    "limit_text": "Ralentissez et revenez demain.",
    "message": "Message",
    "message_to": "Envoyer un message à {name}",
    "navigation": "Principale",
    "next": "Suivant",
    "not_now": "Pas maintenant",
    "no_birthdays": "Pas d'anniversaire ces jours-ci.",
    "no_invitations": "Aucune invitation envoyée.",
    "no_results": "Aucun résultat. Essayez moins de mots.",
    "no_talks": "Pas encore de conversation.",
    "older": "Conversations plus anciennes",
    "other_dialog": "Encore une chose",
    "open": "Ouvert aux opportunités",
    "pages": "Pages",
    "pending": "En attente",
    "people": "Personnes",
    "popup": "Essayez Fellow Plus",
    "popup_text": "Un mois entier gratuit. Ou pas maintenant.",
    "present": "aujourd'hui",
    "search": "Rechercher des personnes",
    "see_more": "voir plus",
    "send": "Envoyer",
    "sent_by": "Envoyé par {name}",
    "sent_by_you": "Envoyé par vous",
    "share": "Partager",
    "share_title": "Partager vos coordonnées ?",
    "sign_out": "Se déconnecter",
    "skills": "Compétences",
    "today": "Aujourd'hui",
    "trouble": "Une erreur s'est produite",
    "trouble_text": "C'est de notre faute. Réessayez plus tard.",
    "unread": "Non lu",
    "welcome": "Content de vous voir, {name}",
    "withdraw": "Retirer",
    "withdraw_of": "Retirer l'invitation envoyée à {name}",
    "withdraw_text": "Vous ne pourrez plus inviter cette personne pendant quelques semaines.",
    "withdraw_title": "Retirer l'invitation",
    "write": "Écrivez un message",
}

TEXTS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "fr": _FRENCH, "de": GERMAN}


def format_birthday_line(language: str, on: date, today: date) -> str:
    """Return how the birthdays page says when a birthday was."""
    days = (today - on).days
    if language == "fr":
        when = {0: "aujourd'hui", 1: "hier"}.get(days, f"il y a {days} jours")
        return f"Anniversaire {when}"
    if language == "de":
        when = {0: "heute", 1: "gestern"}.get(days, f"vor {days} Tagen")
        return f"Geburtstag {when}"
    when = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
    return f"Birthday {when}"


_UNITS: Mapping[str, tuple[tuple[int, str, str], ...]] = {
    "en": ((365, "year", "years"), (30, "month", "months"), (7, "week", "weeks"), (1, "day", "days")),
    "fr": ((365, "an", "ans"), (30, "mois", "mois"), (7, "semaine", "semaines"), (1, "jour", "jours")),
    "de": ((365, "Jahr", "Jahren"), (30, "Monat", "Monaten"), (7, "Woche", "Wochen"), (1, "Tag", "Tagen")),
}


def format_sent_line(language: str, on: date, today: date) -> str:
    """Return how the list of sent invitations says when one was sent: the older, the less exactly."""
    days = (today - on).days
    if days < 2:
        return _SENT_LATELY[language][days]
    size, one, many = next(unit for unit in _UNITS[language] if days >= unit[0])
    count = days // size
    return _SENT[language].format(count=count, unit=one if count == 1 else many)


_SENT_LATELY = {
    "en": ("Sent today", "Sent yesterday"),
    "fr": ("Envoyée aujourd'hui", "Envoyée hier"),
    "de": ("Heute gesendet", "Gestern gesendet"),
}
_SENT = {
    "en": "Sent {count} {unit} ago",
    "fr": "Envoyée il y a {count} {unit}",
    "de": "Vor {count} {unit} gesendet",
}
