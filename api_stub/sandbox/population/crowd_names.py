"""Names and places of the crowd, by culture. Written `native:latin` where the script is not Latin."""

# ruff: noqa: RUF001 -- names of many scripts have letters that look alike

from typing import NamedTuple


class Culture(NamedTuple):
    """A culture: names, places and the language that people write in."""

    language: str
    family_first: bool
    given: str
    family: str
    cities: tuple[str, ...]


CULTURES = (
    Culture(
        "en", False,
        "Olivia Jack Amelia Harry Isla George Freya Alfie Imogen Rory Beatrix Callum Nell Seán",
        "Smith O'Brien Fitzgerald Ashworth Penhaligon "
        "MacLeod Thwaite Llewellyn Hargreaves Okafor-Reid Ni-Bhriain",
        ("Leeds, United Kingdom", "Cardiff, United Kingdom", "Cork, Ireland", "Halifax, Canada"),
    ),
    Culture(
        "fr", False,
        "Zoé Loïc Anaïs Rémi Chloé Théo Maëlle Gaël Héloïse Noël Océane Étienne Marie-Ève Jean-Noël",
        "Lefèvre Dupont D'Aubigné Bâtisseur Charpentier "
        "Le-Goff Desrosiers Œuvrard Façonnier Guérin Tremblay",
        ("Lyon, France", "Nantes, France", "Liège, Belgique", "Québec, Canada"),
    ),
    Culture(
        "fr", False,
        "Aïssatou Moussa Fatou Ousmane Mariama Ibrahima Khady Cheikh Awa Mamadou Ndèye Souleymane",
        "Diop N'Diaye Traoré Konaté Sow Ba Keïta Coulibaly Sarr Ouédraogo Touré",
        ("Dakar, Sénégal", "Abidjan, Côte d'Ivoire", "Bamako, Mali"),
    ),
    Culture(
        "en", False,
        "María José Lucía Iñaki Sofía Andrés Ximena Ángel Begoña Joaquín Paz Raúl Xóchitl",
        "García Ibáñez Núñez Peña Etxeberria Muñoz Quiñones Cáceres Güell Zúñiga Roldán",
        ("Sevilla, Spain", "Bilbao, Spain", "Puebla, Mexico", "Rosario, Argentina"),
    ),
    Culture(
        "en", False,
        "João Inês Thiago Conceição Luísa Caetano Antônio Graça Tomé Beatriz Estêvão Lívia",
        "Magalhães Gonçalves Araújo Simões Falcão Assunção Leitão Vilaça Brandão Patrício",
        ("Porto, Portugal", "Recife, Brazil", "Curitiba, Brazil"),
    ),
    Culture(
        "en", False,
        "Jürgen Anke Björn Käthe Sönke Ulrike Götz Bärbel Lennart Frauke Matthäus Dörte",
        "Müller Weiß Schröder Großmann Fährmann Königsberger Böttcher Süß Jäger Vogelsang",
        ("Leipzig, Germany", "Graz, Austria", "Basel, Switzerland"),
    ),
    Culture(
        "en", False,
        "Søren Åsa Bjørn Guðrún Øyvind Þóra Lærke Håkon Märta Jóhann Sólveig Torbjörn",
        "Østergaard Ångström Þórðardóttir Bjørnsen Sjöberg Kjær Hægstad Lindqvist Nygård Blåfjell",
        ("Aarhus, Denmark", "Tromsø, Norway", "Umeå, Sweden", "Akureyri, Iceland"),
    ),
    Culture(
        "en", False,
        "Łukasz Zofia Dvořák-Jan Šárka Jiří Věra Grażyna Stanisław Čeněk Đorđe Željka Mirjana",
        "Wiśniewski Kowalczyk Novák Růžička Šimić Đurić Zieliński Pšenička Žižek Wójcik",
        ("Łódź, Poland", "Brno, Czechia", "Zagreb, Croatia"),
    ),
    Culture(
        "en", False,
        "Оксана:oksana Дмитро:dmytro Наталія:nataliia Борис:borys "
        "Світлана:svitlana Юрій:yurii Галина:halyna Тарас:taras",
        "Коваленко:kovalenko Шевчук:shevchuk Мельник:melnyk "
        "Бондаренко:bondarenko Лисенко:lysenko Їжакевич:yizhakevych",
        ("Lviv, Ukraine", "Kharkiv, Ukraine"),
    ),
    Culture(
        "en", False,
        "Ελένη:eleni Γιώργος:giorgos Δήμητρα:dimitra Νίκος:nikos "
        "Σοφία:sofia Παναγιώτης:panagiotis Άννα:anna Ηλίας:ilias",
        "Παπαδόπουλος:papadopoulos Γεωργίου:georgiou "
        "Αγγελίδης:angelidis Μακρής:makris Καζαντζής:kazantzis",
        ("Thessaloniki, Greece", "Patras, Greece"),
    ),
    Culture(
        "en", False,
        "ليلى:layla أحمد:ahmad فاطمة:fatima يوسف:yusuf نور:nour خالد:khalid هند:hind سامي:sami",
        "حداد:haddad منصور:mansour الخطيب:al-khatib درويش:darwish العلي:al-ali نجار:najjar",
        ("Amman, Jordan", "Alexandria, Egypt", "Sharjah, United Arab Emirates"),
    ),
    Culture(
        "en", False,
        "נועה:noa אריאל:ariel תמר:tamar איתן:eitan שירה:shira עומר:omer יעל:yael",
        "לוי:levi כהן:cohen פרידמן:friedman שלום:shalom ברק:barak גולן:golan",
        ("Haifa, Israel", "Be'er Sheva, Israel"),
    ),
    Culture(
        "en", False,
        "आरव:aarav दीपिका:deepika रोहन:rohan मीरा:meera विक्रम:vikram "
        "अनन्या:ananya Priya Arjun Kavitha Sanjay",
        "शर्मा:sharma गुप्ता:gupta देशपांडे:deshpande Iyer Chatterjee Reddy Nair Singh",
        ("Pune, India", "Kochi, India", "Jaipur, India"),
    ),
    Culture(
        "en", True,
        "小明:xiaoming 秀英:xiuying 伟:wei 芳:fang 思远:siyuan 雨桐:yutong 建国:jianguo 丽华:lihua",
        "王:wang 李:li 张:zhang 陈:chen 欧阳:ouyang 赵:zhao 黄:huang 司马:sima",
        ("Hangzhou, China", "Chengdu, China", "Tainan, Taiwan"),
    ),
    Culture(
        "en", True,
        "さくら:sakura 翔太:shota 美咲:misaki 健一:kenichi "
        "ひかり:hikari 大輔:daisuke 結衣:yui 拓海:takumi",
        "佐藤:sato 鈴木:suzuki 高橋:takahashi 渡辺:watanabe 小林:kobayashi 斎藤:saito",
        ("Sapporo, Japan", "Fukuoka, Japan"),
    ),
    Culture(
        "en", True,
        "민준:minjun 서연:seoyeon 지훈:jihoon 하은:haeun 도윤:doyun 수빈:subin 예은:yeeun",
        "김:kim 박:park 이:lee 최:choi 정:jung 강:kang",
        ("Busan, South Korea", "Daejeon, South Korea"),
    ),
    Culture(
        "en", False,
        "Chinonso Adébáyọ̀ Ngozi Olúwaṣeun Thandiwe Sipho Wanjiru Kamau Nomvula Tendai Zodwa",
        "Okonkwo Adéyẹmí Dlamini Mwangi Ndlovu Achebe Ọláyínká Khumalo Otieno Moyo",
        ("Ibadan, Nigeria", "Durban, South Africa", "Kisumu, Kenya"),
    ),
    Culture(
        "en", False,
        "Gülşen Mehmet İlknur Çağlar Şebnem Oğuz Ayşe Ümit Işıl Tuğba",
        "Yıldız Çelik Öztürk Şahin Güneş Aydoğan Kılıç İnönü Bağcı",
        ("İzmir, Türkiye", "Trabzon, Türkiye"),
    ),
)  # fmt: skip
