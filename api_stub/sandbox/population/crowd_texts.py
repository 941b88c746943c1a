"""Texts of the generated profiles. Some are difficult on purpose, because such texts break page readers."""

# ruff: noqa: RUF001 -- the dashes are intended

from typing import NamedTuple

COMPANIES = (
    "Caudal", "Waterkant", "Orbite", "Spoke & Co", "Ben & Söhne", "O'Reilly-Żak",
    "Labs <Nord>", "Data at Scale", "Chez Marcel", "株式会社ひかり", "Atelier « Le Zèbre »",
    'The "Quiet" Company', "A · B Partners", "Hraun", "Qafila", "Unruh Uhren AG", "Milpa",
    "Lindehof", "Dengta 灯塔", "Мист", "North – South Logistics", "1 + 1 = 3", "&amp; Sons",
    "Nimbus Health", "Tidewater Rail", "Ferro Glass", "Kestrel Maps", "Saltmarsh Energy",
    "Oak & Ash", "Papaye Studio", "Boulangerie du Port", "Fonderie Saint-Éloi", "Vélo Libre",
    "Radio Garonne", "Coopérative Mil", "Juniper Bank", "Ostara Seeds", "Pluvia",
    "Terracotta Games", "Harbour Legal", "Zenith Optics", "Mosaic Transit",
)  # fmt: skip

ISSUERS = ("Guild of Makers", "Institut Ampère", "OpenCert", "Board of <Standards>", "Chambre des métiers")

DEGREES = {
    "en": (
        "BSc, Physics",
        "MSc, Computer Science",
        "BA, History & Law",
        "PhD, Marine Biology",
        "Diploma",
        "MBA",
        "",
    ),
    "fr": (
        "Licence, Lettres",
        "Master, Informatique",
        "BTS",
        "Doctorat, Chimie",
        "Diplôme d'ingénieur",
        "CAP",
        "",
    ),
}

SCHOOLS = (
    "University of Leeds", "Université de Nantes", "École supérieure d'Électricité", "Universidad de Sevilla",
    "東北大学", "TU Graz", "Rhodes University", "Cégep de Sainte-Foy",
    "St John's \"Evening\" College", "Indian Institute of Weaving", "Université Cheikh-Anta-Diop",
    "Háskólinn á Akureyri", "Open School <online>",
)  # fmt: skip


class Trade(NamedTuple):
    """A trade: its titles from junior to senior, its skills and its certificates."""

    titles: tuple[str, ...]
    skills: tuple[str, ...]
    certificates: tuple[str, ...]


TRADES = {
    "en": (
        Trade(
            ("Junior developer", "Software engineer", "Senior software engineer", "Staff engineer"),
            (
                "Python",
                "C++",
                "C#",
                "PostgreSQL",
                "Kubernetes",
                "Rust",
                "Go",
                "Code review",
                "Linux",
                "Redis",
            ),
            ("Cloud Architect <Associate>", "Certified Kubernetes Administrator", "Scrum Master"),
        ),
        Trade(
            ("Data analyst", "Data engineer", "Engineer at Large", 'Head of "Data & Insight"'),
            ("SQL", "Python", "Statistics", "R", "Data modelling", "Spark", "Dashboards", "A/B testing"),
            ("Data Engineer, Professional", "Statistics I & II"),
        ),
        Trade(
            ("Nurse", "Ward nurse", "Head nurse", "Director of nursing"),
            ("Patience", "First aid", "Wound care", "Shift planning", "Paediatrics", "Listening"),
            ("Advanced Life Support", "Registered Nurse"),
        ),
        Trade(
            ("Site assistant", "Bridge inspector", "Structural engineer", "Chief engineer"),
            ("Steel", "Concrete", "CAD", "Surveying", "Risk analysis", "Scaffolding", "Project management"),
            ("Chartered Engineer (CEng)", "Rope Access, Level 2"),
        ),
        Trade(
            ("Sales assistant", "Account manager", "Sales lead, EMEA", "VP Sales"),
            ("Negotiation", "CRM", "Cold calls", "Spanish", "Forecasting", "Presentations", "Excel"),
            ("Sales Foundations",),
        ),
        Trade(
            ("Kitchen hand", "Sous-chef", "Chef at the Harbour", "Owner & chef"),
            ("Pastry", "Menus", "Food safety", "Purchasing", "Fermentation", "Team leading"),
            ("Food Hygiene, Level 3", "Sommelier"),
        ),
    ),
    "fr": (
        Trade(
            ("Développeuse junior", "Ingénieure logiciel", "Développeur <senior>", "Directrice technique"),
            ("Python", "Java", "C++", "Méthodes agiles", "PostgreSQL", "Accessibilité", "Linux", "Tests"),
            ("Architecte cloud", "Scrum Master"),
        ),
        Trade(
            ("Assistant de projet", "Cheffe de produit", "Chef de projet chez soi", "Directeur général"),
            (
                "Gestion de projet",
                "Budget",
                "Rédaction",
                "Négociation",
                "Anglais",
                "Écoute",
                "Animation d'équipe",
            ),
            ("PRINCE2 « Praticien »", "Gestion de projet, niveau 2"),
        ),
        Trade(
            ("Apprentie boulangère", "Boulanger", "Pâtissière", "Maître boulanger"),
            ("Pain au levain", "Viennoiserie", "Hygiène", "Achats", "Lever tôt"),
            ("Brevet de maîtrise", "HACCP"),
        ),
        Trade(
            ("Aide-soignant", "Infirmière", "Infirmier de bloc", "Cadre de santé"),
            ("Premiers secours", "Pédiatrie", "Pansements", "Planification", "Patience"),
            ("Diplôme d'État", "Gestes d'urgence, niveau 2"),
        ),
    ),
}

SPOKEN = {
    "en": (
        "English",
        "Spanish",
        "French",
        "German",
        "Arabic",
        "Mandarin Chinese",
        "Hindi",
        "Japanese",
        "Yorùbá",
    ),
    "fr": ("Français", "Anglais", "Espagnol", "Wolof", "Allemand", "Arabe", "Breton", "Italien", "Portugais"),
}

ABOUT = {
    "en": (
        "Likes slow mornings and finished work.",
        "I build things that last, and repair those that don't.",
        'Ten years of <b>bold</b> ideas & "quiet" results.',
        "Experience is what is left when plans fail; see more of mine below.",
        "Ask me about 5 > 4, tea, or the sea 🌊.",
        "C'est la vie, as they say at the harbour.",
        "My rule: if x < y, then measure first.",
        "Currently: learning to sail · reading · listening.",
        "Open to work with people who finish sentences.",
    ),
    "fr": (
        "Aime les matins lents et le travail fini.",
        "Je construis ce qui dure, et je répare le reste.",
        "« Bien faire et laisser dire » : voilà dix ans que j'essaie 🙂.",
        "Passionnée d'accessibilité ; curieux des <balises> & des gens.",
        "L'expérience, c'est ce qui reste ; voir plus bas.",
        "Aujourd'hui à l'atelier, demain en mer.",
        "Ma règle : si x < y, mesurer d'abord.",
    ),
}
"""Sentences. Several resemble the page's own texts."""

ABOUT_LIST = {
    "en": "What I do:\n• plan\n• build\n• repair",
    "fr": "Ce que je fais :\n• prévoir\n• bâtir\n• réparer",
}
