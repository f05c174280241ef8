"""Syllables from which voices.py makes pseudo-words, by language.

They aim at the look and the sound of a language, not at its words. Languages not listed get numbers only.
"""

# Languages by their codes in espeak-ng, then onsets, vowels and codas: choices between spaces, of which - is the empty
# one, and a choice that is written twice is twice as likely. Indic consonants hold a vowel, so that may be empty too.
# Cherokee and Klingon are written as espeak-ng reads them, transliterated.
INVENTORIES = [
    ("eu qya sjn py qdb", "b c d f g h l m n p r s t v - pr tr st", "a e i o u a e i o", "- - - n r s l m t"),
    (
        "ru ru-LV cv nog",
        "б в г д ж з к л м н п р с т ф х ц ч ш ст пр кр тр",
        "а е и о у а о и ы я ю",
        "- - - н р с т л к м й",
    ),
    ("bg", "б в г д ж з к л м н п р с т ф х ц ч ш ст пр кр тр", "а е и о у ъ а о и я ю", "- - - н р с т л к м"),
    ("be", "б в г д ж з к л м н п р с т ф х ц ч ш дз дж ст", "а е і о у ы э я ю ё а", "- - - н р с т л к м ў й"),
    ("uk", "б в г ґ д ж з к л м н п р с т ф х ц ч ш ст пр кр", "а е и о у і ї є я ю а", "- - - н р с т л к м й"),
    ("mk", "б в г д ѓ ж з ѕ ј к л љ м н њ п р с т ќ ф х ц ч џ ш ст пр", "а е и о у а", "- - - н р т к м"),
    ("sr", "б в г д ђ ж з ј к л љ м н њ п р с т ћ ф х ц ч џ ш ст пр", "а е и о у а", "- - - н р т к м"),
    ("kk ky tt ba", "б д ж з к л м н п р с т ш й г", "а е и о у ы ө ү а ы", "- - н р л т к м с ш"),
    ("ar fa ur sd ug", "ب ت ج د ر ز س ش ص ط ع ف ق ك ل م ن ه و ي ح خ", "ا و ي ا", "- - ن ر م ل د س ب"),
    ("hi mr ne", "क ख ग घ च ज ट ड त थ द ध न प फ ब भ म य र ल व श स ह", "- - ा ि ी ु ू े ो ै", "- - - - ं न् र् स्"),
    ("bn as bpy", "ক খ গ ঘ চ জ ট ড ত থ দ ধ ন প ফ ব ভ ম য র ল শ স হ", "- - া ি ী ু ে ো", "- - - ন ং"),
    ("gu", "ક ખ ગ ઘ ચ જ ટ ડ ત થ દ ધ ન પ ફ બ ભ મ ય ર લ વ શ સ હ", "- - ા િ ી ુ ે ો", "- - - ન ં"),
    ("pa", "ਕ ਖ ਗ ਘ ਚ ਜ ਟ ਡ ਤ ਥ ਦ ਧ ਨ ਪ ਫ ਬ ਭ ਮ ਰ ਲ ਵ ਸ ਹ", "- - ਾ ਿ ੀ ੁ ੇ ੋ", "- - - ਨ ਂ"),
    ("or", "କ ଖ ଗ ଘ ଚ ଜ ଟ ଡ ତ ଥ ଦ ଧ ନ ପ ଫ ବ ଭ ମ ର ଲ ଶ ସ ହ", "- - ା ି ୀ ୁ େ ୋ", "- - - ନ ଂ"),
    ("ta", "க ச ட த ந ப ம ய ர ல வ ழ ள ன", "- ா ி ீ ு ூ ெ ே ை ொ ோ", "- - - ன் ம் ர் ல் க்"),
    ("te", "క ఖ గ చ జ ట డ త ద న ప బ భ మ య ర ల వ శ స హ", "- - ా ి ీ ు ూ ె ే ో", "- - - - ం ల్ న్"),
    ("kn", "ಕ ಖ ಗ ಚ ಜ ಟ ಡ ತ ದ ನ ಪ ಬ ಭ ಮ ಯ ರ ಲ ವ ಶ ಸ ಹ", "- - ಾ ಿ ೀ ು ೂ ೆ ೇ ೋ", "- - - ಂ ನ್ ಲ್"),
    ("ml", "ക ഖ ഗ ച ജ ട ഡ ത ദ ന പ ബ ഭ മ യ ര ല വ ശ സ ഹ", "- - ാ ി ീ ു ൂ െ േ ോ", "- - - ം ന് ല്"),
    ("si", "ක ග ච ජ ට ඩ ත ද න ප බ ම ය ර ල ව ස හ", "- - ා ි ී ු ූ ෙ ේ ො", "- - - න් ම් ල්"),
    ("el grc", "β γ δ ζ θ κ λ μ ν ξ π ρ σ τ φ χ ψ στ πρ τρ μπ ντ", "α ε η ι ο υ ω ου αι ά έ ί ό", "- - - ν σ ς ρ"),
    ("hy hyw", "բ գ դ զ թ ժ լ խ կ հ ձ ղ մ ն շ չ պ ջ ս վ տ ր ց ք ֆ", "ա ե ի ո ու է", "- - ն ր լ մ ս"),
    ("ka", "ბ გ დ ვ ზ თ კ ლ მ ნ პ ჟ რ ს ტ ფ ქ ღ ყ შ ჩ ც ძ წ ჭ ხ ჯ ჰ მთ გვ", "ა ე ი ო უ", "- - ნ რ ს ლ"),
    ("he", "ב ג ד ה ו ז ח ט כ ל מ נ ס ע פ צ ק ר ש ת", "- ו י א", "- - ל ר ת ב"),
    (
        "am",
        "ሀ ለ ሉ ሊ ላ ሌ ል ሎ መ ሙ ሚ ማ ሜ ም ሞ ረ ሩ ሪ ራ ር ሮ ሰ ሱ ሲ ሳ ስ ሶ በ ቡ ቢ ባ ብ ቦ ተ ቱ ቲ ታ ት ቶ ነ ኑ ኒ ና ን ኖ ከ ካ ክ "
        "ኮ ወ ዋ ው የ ያ ይ ደ ዳ ድ ገ ጋ ግ ጎ",
        "-",
        "-",
    ),
    (
        "ja",
        "か き く け こ さ し す せ そ た ち つ て と な に ぬ ね の は ひ ふ へ ほ ま み む め も や ゆ よ ら り る れ ろ が ぎ ぐ げ ご ざ じ だ で ど "
        "ば び ぶ べ ぼ きょ しゃ しゅ ちょ りゅ あ い う え お",
        "-",
        "- - - - ん い う",
    ),
    ("th", "ก ข ค ง จ ช ด ต ท น บ ป พ ม ย ร ล ว ส ห", "า ี ู อ ั ิ ุ า", "น ม ง ก บ ย"),
    ("my", "က ခ ဂ င စ ဆ ဇ တ ထ ဒ န ပ ဖ ဗ မ ယ လ ဝ သ ဟ", "ာ ိ ီ ု ူ ေ ို ော", "- - - း ့ န် င်"),
    (
        "yue",
        "一 二 三 人 大 中 上 下 天 地 山 水 火 木 日 月 年 心 手 口 门 出 入 来 去 小 多 少 高 长 东 西 南 北 王 白 红 黄 风 花 马 牛 羊 鸟 鱼 土 石 田 "
        "女 子 父 母 生 学 文 字 书 国 家 车 飞 走 吃 好 新 老 左 右 明 本 不 有 是 我 你",
        "-",
        "-",
    ),
    (
        "cmn-Latn-pinyin",
        "b p m f d t n l g k h j q x zh ch sh r z c s y w",
        "a1 a2 a3 a4 o1 u2 i4 e4 i1 u3 ao3 ai4 an1 en2 ang4 eng1 ong2 ei3 ou4",
        "-",
    ),
    (
        "yue-Latn-jyutping",
        "b p m f d t n l g k h ng z c s j w gw",
        "aa1 aa2 aa3 aa4 i1 i6 u3 o5 e4 oe1 aai3 aau4 an1 ang2 ung6 ik1 ok3 aap3",
        "-",
    ),
    (
        "vi vi-VN-x-central vi-VN-x-south",
        "b c ch d đ g h kh l m n ng nh ph qu r s t th tr v x",
        "a á à ả ã ạ ă ắ â ấ ầ e é ê ế ề i í ì o ó ò ô ố ồ ơ ớ ờ u ú ù ư ứ",
        "- - n ng m t c nh p",
    ),
    (
        "de lb nl af",
        "b d f g h k l m n p r s t w sch st pr kl tr gr z pf",
        "a e i o u ä ö ü ei au ie eu a e",
        "- n r t ch ng st ft l m",
    ),
    ("da nb sv", "b d f g h j k l m n p r s t v sk st tr kv bl fj", "a e i o u y å ø a e", "- n r t k ng st l s"),
    ("cs sk", "b c č d f h j k l m n p r ř s š t v z ž pr st kr vl", "a á e é i í o u ů y ě", "- - n r t k m l č"),
    ("pl", "b c cz d dz f g k l ł m n p r rz s sz ś t w z ż prz str k", "a ą e ę i o u y ó ie", "- - n m ć k sz w j"),
    ("hr bs sl", "b c č d đ f g h j k l m n p r s š t v z ž nj lj pr st", "a e i o u a o", "- - - n r t k m"),
    ("lv ltg", "b c d g j k l m n p r s š t v z ž pr st kr", "a ā e ē i ī o u ū ie au ai", "- s s n r m š"),
    ("lt", "b č d g j k l m n p r s š t v z ž pr st kr", "a ą e ė ę i į y o u ų ū ie uo", "- s s n r m š"),
    ("it ca an la pap ia io lfn", "b c d f g l m n p r s t v pr tr gl ch", "a e i o u a o ia io", "- - - n r l s"),
    ("es es-419", "b c d f g j l ll m n ñ p qu r s t v rr pr tr ch", "a e i o u á í ó ie ue", "- - - n r s l d"),
    (
        "fr fr-BE fr-CH",
        "b c ch d f g j l m n p qu r s t v br tr gn pl",
        "a e é è i o u ou oi ai eau an on in eu",
        "- - - r l t que ge",
    ),
    ("pt pt-BR", "b c d f g j l lh m n nh p r s t v ch pr br", "a e i o u ã ão é ê ó ei ou õe", "- - - s r m l"),
    ("fi et", "h j k l m n p r s t v", "a e i o u y ä ö aa ee ii uu ää öö ai ei uo ie yö", "- - n s t l k r"),
    ("hu", "b c cs d f g gy h j k l m n ny p r s sz t ty v z zs", "a á e é i í o ó ö ő u ü ű", "- - n k t l r sz"),
    ("tk", "b ç d g h j k l m n p r s ş t w y z ž", "a e i o ä ö u ü y", "- n r l k m ş ň t"),
    ("tr az uz", "b c ç d f g h k l m n p r s ş t v y z", "a e ı i o ö u ü a e", "- n r l k m ş t"),
    (
        "ga gd",
        "b bh c ch d dh f g gh l m mh n p r s sh t th gl",
        "a e i o u á é í ó ú ao ai ea",
        "- n r s l ch dh nn",
    ),
    ("cy", "b c ch d dd f ff g h l ll m n p ph r rh s t th gw", "a e i o u w y ae ei wy", "- n r s l dd th ch"),
    ("sw", "b ch d f g h j k l m mb n nd ng ny nj p s sh t v w y z", "a e i o u", "-"),
    ("haw mi", "h k l m n p w ' - t", "a e i o u ā ē ī ō ū ai au", "-"),
    ("id ms", "b c d g h j k l m n ng ny p r s t w y", "a e i o u a", "- - n ng k r t h m s"),
    ("sq", "b c ç d dh f g gj h j k l ll m n nj p q r rr s sh t th v x xh z zh", "a e ë i o u y", "- - n r t sh k"),
    ("mt", "b ċ d f ġ g għ h ħ j k l m n p q r s t v w x ż z", "a e i o u ie aj", "- - n r t l x q"),
    ("eo", "b c ĉ d f g ĝ h j ĵ k l m n p r s ŝ t v z pr st", "a e i o u aŭ oj", "- - n r s l"),
    ("jbo", "b c d f g j k l m n p r s t v x z bl gr sk", "a e i o u ai", "- - n r l"),
    ("nci", "ch c h l m n p qu t tl tz x y z", "a e i o a", "- - l n tl c h"),
    ("qu quc gn", "ch h k l ll m n ñ p q r s t w y k' p' t' q'", "a i u a", "- - n q s y r"),
    ("is", "b d f g h j k l m n p r s t v þ ð hv st br", "a á e é i í o ó u ú y ö æ", "- r r n t ll st"),
    ("ro", "b c d f g j l m n p r s ș t ț v z pr tr", "a ă â e i o u ea oa", "- - n r t l"),
    ("fa-Latn", "b p t s j ch kh d r z zh sh f gh k g l m n v h y", "a â e i o u", "- - n r sh d m st"),
    ("ku", "b c ç d f g h j k l m n p q r s ş t v w x y z", "a e ê i î o u û", "- - n r ş k"),
    ("ht", "b d f g j k l m n p r s t v w y z ch", "a an e è en i o ò on ou", "- - n t k"),
    ("smj", "b d f g h j k l m n p r s t v dj tj sv", "a á e i o u å ie uo", "- - k t s n v"),
    ("kl", "g j k l m n ng p q r s t v", "a i u aa ii uu a", "- - k q t p"),
    ("om", "b c d dh f g h j k l m n ny ph q r s sh t x y", "a aa e ee i ii o oo u", "- - n r f"),
    ("tn", "b d f g h j k kg l m n ng p r s t th tl tlh ts tsh w y", "a e i o u ê ô", "- - ng"),
    ("chr", "d g h k l m n qu s t tl ts w y", "a e i o u", "-"),
    ("piqd", "b ch D gh H j l m n p q Q r S t tlh v w y", "a e I o u", "- ' m n q ch gh H v"),
    ("hak", "p ph m f v t th n l k kh ng h s", "a1 a2 i3 i4 u5 o6 ai1 au4 an2 ang3 ung5 ong1", "-"),
]
LANGUAGES = {code: parts for codes, *parts in INVENTORIES for code in codes.split()}

# Written syllable by syllable.
SPACED = set("cmn-Latn-pinyin hak vi vi-VN-x-central vi-VN-x-south yue-Latn-jyutping".split())

# Their numbers are left out or said in English or Spanish: words only.
NO_NUMBERS = set("chr cv gn grc he ne nog qya sjn tk".split())


def hangul(rng):
    """A Korean block: one of 19 initials and of 21 vowels, and mostly no or a common final."""
    final = rng.choice([0, 0, 0, 4, 8, 16, 21, 1])
    return chr(0xAC00 + (rng.randrange(19) * 21 + rng.randrange(21)) * 28 + final)


def syllable(language, rng):
    if language == "ko":
        return hangul(rng)
    return "".join(rng.choice(part.split()) for part in LANGUAGES[language]).replace("-", "")


def known(language):
    return language == "ko" or language in LANGUAGES


def word(language, rng):
    """A pseudo-word of one to four syllables; only for known languages."""
    parts = [syllable(language, rng) for _ in range(rng.choice([1, 2, 2, 2, 3, 3, 4]))]
    return (" " if language in SPACED else "").join(parts)
