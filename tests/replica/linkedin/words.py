"""The words of the frame and of messaging. Those not known from a page are this replica's own guess."""

# ruff: noqa: RUF001, E501 -- pages contain curly apostrophes, and a phrase is not split

from collections.abc import Mapping

NAVIGATION: Mapping[str, Mapping[str, str]] = {
    "en": {"search": "I’m looking for…", "home": "Home", "network": "My Network", "network_label": "My Network",
           "messaging": "Messaging", "messaging_label": "Messaging", "me": "Me",
           "new_one": "new notification", "new_many": "new notifications"},
    "fr": {"search": "Recherche", "home": "Accueil", "network": "Mon réseau", "network_label": "Réseau",
           "messaging": "Messagerie", "messaging_label": "Messages", "me": "Vous",
           "new_one": "nouvelle notification", "new_many": "nouvelle notification"},
    "de": {"search": "Ich suche…", "home": "Start", "network": "Ihr Netzwerk", "network_label": "Ihr Netzwerk",
           "messaging": "Nachrichten", "messaging_label": "Nachrichten", "me": "Sie",
           "new_one": "neue Mitteilung", "new_many": "neue Mitteilungen"},
    "es": {"search": "Buscar", "home": "Inicio", "network": "Mi red", "network_label": "Mi red",
           "messaging": "Mensajes", "messaging_label": "Mensajes", "me": "Yo",
           "new_one": "notificación nueva", "new_many": "notificaciones nuevas"},
    "pl": {"search": "Szukam…", "home": "Strona główna", "network": "Moja sieć", "network_label": "Moja sieć",
           "messaging": "Wiadomości", "messaging_label": "Wiadomości", "me": "Ja",
           "new_one": "nowe powiadomienie", "new_many": "nowych powiadomień"},
}  # fmt: skip

_KEYS = (
    "dismiss", "write", "send", "sent_at", "you", "today", "sent_heading", "open_profile", "remove", "type_name",
    "new_message", "conversations", "select", "unread", "load_more", "close_chat", "messaging_label",
    "open_options", "premium_wall", "try_premium", "subject", "say_hello", "share_title", "share", "not_now",
    "premium_ad", "seen_at",
)  # fmt: skip
_ROWS = {
    "en": ("Dismiss", "Write a message…", "Send", "Sent at", "You", "Today",
           "{name} sent the following message at {time}", "Open {name}’s profile", "Remove {name}", "Type a name",
           "New message", "Conversation List", "Select conversation with {name}", "1 unread message",
           "Load more conversations", "Close your conversation with {name}", "Messaging", "Open send options",
           "Message {name} with Premium", "Try Premium for $0", "Subject (required)", "Say hello to {name}",
           "Share your contact info with {name}?", "Share", "Not now", "Build your dream team",
           "{name} seen at {time}."),
    "fr": ("Ignorer", "Rédigez un message…", "Envoyer", "Envoyé le", "Vous", "Aujourd’hui",
           "{name} a envoyé le message suivant à {time}", "Ouvrir le profil de {name}", "Supprimer {name}",
           "Saisissez un nom", "Nouveau message", "Liste des conversations",
           "Sélectionner la conversation avec {name}", "1 message non lu", "Charger plus de conversations",
           "Fermer votre conversation avec {name}", "Messagerie", "Ouvrir les options d’envoi",
           "Envoyez un message à {name} avec Premium", "Essayer Premium pour 0 €", "Objet (obligatoire)",
           "Dites bonjour à {name}", "Partager vos coordonnées avec {name} ?", "Partager", "Pas maintenant",
           "Constituez l’équipe de vos rêves", "Vu par {name} à {time}."),
    "de": ("Schließen", "Nachricht verfassen…", "Senden", "Gesendet um", "Sie", "Heute",
           "{name} hat um {time} die folgende Nachricht gesendet", "Profil von {name} öffnen", "{name} entfernen",
           "Namen eingeben", "Neue Nachricht", "Nachrichtenliste", "Nachrichten mit {name} auswählen",
           "1 ungelesene Nachricht", "Weitere Nachrichten laden", "Nachrichten mit {name} schließen",
           "Nachrichten", "Sendeoptionen öffnen", "Mit Premium eine Nachricht an {name} senden",
           "Premium für 0 € testen", "Betreff (erforderlich)", "Sagen Sie {name} Hallo",
           "Kontaktdaten mit {name} teilen?", "Teilen", "Jetzt nicht", "Stellen Sie Ihr Traumteam zusammen",
           "Von {name} um {time} gesehen."),
    "es": ("Descartar", "Escribe un mensaje…", "Enviar", "Enviado", "Tú", "Hoy",
           "{name} ha enviado los siguientes mensajes a las {time}", "Abrir el perfil de {name}",
           "Eliminar a {name}", "Escribe un nombre", "Nuevo mensaje", "Lista de conversaciones",
           "Seleccionar conversación con {name}", "1 mensaje sin leer", "Cargar más conversaciones",
           "Cierra tu conversación con {name}", "Mensajes", "Abrir opciones de envío",
           "Envía un mensaje a {name} con Premium", "Probar Premium por 0 €", "Asunto (obligatorio)",
           "Saluda a {name}", "¿Compartir tu información con {name}?", "Compartir", "Ahora no",
           "Crea el equipo de tus sueños", "{name} lo ha visto a las {time}."),
    "pl": ("Odrzuć", "Napisz wiadomość…", "Wyślij", "Wysłano", "Ty", "Dzisiaj",
           "{name} wysłał(a) następujące wiadomości o {time}", "Otwórz profil użytkownika {name}",
           "Usuń {name}", "Wpisz nazwisko", "Nowa wiadomość", "Lista rozmów", "Wybierz rozmowę z {name}",
           "1 nieprzeczytana wiadomość", "Wczytaj więcej rozmów", "Zamknij rozmowę z {name}", "Wiadomości",
           "Otwórz opcje wysyłania", "Wyślij wiadomość do {name} dzięki Premium", "Wypróbuj Premium za 0 zł",
           "Temat (wymagany)", "Przywitaj się z {name}", "Udostępnić dane kontaktowe {name}?", "Udostępnij",
           "Nie teraz", "Zbuduj zespół marzeń", "{name} - profil przejrzany w {time}."),
}  # fmt: skip
_SAME = {"ad_options": "Ad Options", "dont_want": "Don’t want to see this", "help": "Help Center",
         "settings": "Settings", "choose_language": "Select language", "cookies": "We use cookies.",
         "accept": "Accept", "reject": "Reject", "main_navigation": "Primary navigation"}  # fmt: skip
"""English on every page, as real pages mix languages."""


_LOGIN = {
    "en": ("Sign in", "Email or phone", "Password"),
    "fr": ("S’identifier", "E-mail ou téléphone", "Mot de passe"),
    "de": ("Einloggen", "E-Mail-Adresse/Telefon", "Passwort"),
    "es": ("Iniciar sesión", "Email o teléfono", "Contraseña"),
    "pl": ("Zaloguj się", "E-mail lub telefon", "Hasło"),
}


def login_words(language: str) -> dict[str, str]:
    """Return the words of the sign-in form."""
    return dict(zip(("sign_in", "name", "password"), _LOGIN[language], strict=True))


def words_of(language: str, level: int = 0) -> dict[str, str]:
    """Return the words of a language; at level 2 of the drift they are a little different."""
    words = dict(_SAME) | dict(zip(_KEYS, _ROWS[language], strict=True))
    return {key: f"{word} »" for key, word in words.items()} if level == 2 else words
