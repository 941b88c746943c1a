"""Words in display names that are not names: without full stops, lower case unless stated otherwise."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


HONORIFICS = _set("""
    mr mrs ms miss mx me mme mlle maître herr frau sr sra srta doña dña sig sigra גב׳ מר
""")  # noqa: RUF001 -- Hebrew is meant
"""Forms of address that go with the family name."""

TITLES = HONORIFICS | _set("""
    dr doctor prof professor sir dame hon dipl-ing dr-ing dr-med ddr pr fr dra profa lic ir drs
    dott dottssa avv д-р د دكتور م أ ד״ר
    博士 教授 先生 女士 小姐 老师 老師 様 さん 氏 医师 律师 님 씨 박사 교수
""")  # noqa: RUF001 -- Cyrillic and Hebrew are meant
"""Titles: they stand before a name, or after an East Asian one, and are not part of it."""

TITLES_WITH_STOP = _set("mag ing eng rev arch capt col lt sgt dipl")
"""Titles only with a full stop; without one they may be names."""

AFTER_A_TITLE = _set("med phil rer nat jur iur pol oec vet dent theol hc habil mult techn")
"""Continuations of German titles, always lower case: Dr. med., Dr. rer. nat. (but Dr. Phil McGraw)."""

PARTICLES = _set("""
    van von vom de der den del della dello di da du des do dos das la le las los ter ten te zu zum zur af av
""")
"""Particles that begin a family name."""

DEGREES = _set("""
    ph dphil edd md dds dvm jd llb llm emba bba ba bsc bs ma msc ms meng mphil mpa mph mps mfa beng
    cpa cfa cfp cma acca aca fca cia cisa cism cissp pmp pmi csm cspo psm itil rn np pa pe
    ii iii iv shrm sphr gphr cipd fcipd mcipd fcca aicp leed gaicd mbe obe cbe
""")
"""Degrees, certificates and generations after a name, unless capitalised like a name (Ma, Pa)."""

DEGREES_IN_ANY_CASE = _set("phd mba jr sr esq esquire")
"""Degrees that are never a name, however they are written."""

COMPANY_WORDS = _set("""
    gmbh mbh gbr ohg kgaa inc incorporated llc llp ltd limited plc corp corporation company sarl sasu srl spa
    pty consulting solutions services agency agentur group gruppe holding foundation stiftung verein ev
    association team official recruiting recruitment hr
""")
"""A name with one of these words is that of a company or an office."""

COMPANY_ENDINGS = _set("AG SA SAS SL BV NV KG UG AB Oy AS")
"""Legal forms that are too short to count anywhere but at the end, spelt exactly so."""
