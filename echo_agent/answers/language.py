"""Which language a question is in: what is not surely English is not read, so that nothing is guessed from it."""

import re
from typing import Literal

Language = Literal["English", "German", "Chinese", "other"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words(
    """
    a about above across all and any anyone anything are aren't as at be been below but by can can't could couldn't
    did didn't do does doesn't don't either enough ever every everything for from give go going got had has have he
    her here how i if in into is isn't it its it's just know let like look looks looking make many may me might more
    most much must my need no none not nothing of off on one ones only or our out over please quite say see seem
    seems she should show shows so some somewhere something still such tell than that that's the their them then
    there these they thing things think this those through to too under until up upon us use used very was wasn't we
    well were what what's whatever when where where's whether which while who whole whose why will with within
    without won't would yes yet you your acceptable alright area bad bent big blemish blemishes bottom broken
    chipped clean colour color cracked crack damage certain confidence damaged defective dent dented difference
    dimensions explain faulty fault faults fine flaw flawed flawless flaws free good half healthy how intact issue
    issues kind large left length limit long lower middle missing next okay pass passed passes place reason reject
    right safe scratch scratched scratches scrap ship side size sound spot stain stained sure top torn trouble
    unusual upper tolerance usable wrong hello hi thanks thank help verdict compare inspect check judge describe
    measure locate point
    """
)
_GERMAN = _words(
    """
    ab aber alle allem allen alles als auch auf aus ausgeschlossen befindet bei beim beschreibe bis bitte braucht
    brauche das dass dem denn deren dessen dich dies diese diesem diesen dieser dieses dir doch dort du durch ein
    eine einem einen einer eines er erkennbar es etwas euch fehler fehlerfrei fehlerhaft fehlerhafte fehlt finde
    findest frei für ganz gebrochen gegen geht gibt groß gut habe haben heil hier ich ihm ihn ihnen ihr ihre im
    intakt irgendwas irgendwelche irgendwo ist ja jetzt kann kannst kaputt kein keine keinen keinerlei können
    kratzer könnte lang liegt los macht mangel mehr mein meine mir mit muss möglich nach nein nicht nichts noch
    normale nur oben ob oder ohne ordnung passt rechts riss schaden schadhaft schau schlecht schlimm sehen sehr sei
    sein seine seiten sich sie siehst sieht sind soll sollte stelle teil teils teile und uns unten unter verwendbar
    viel viele vom von vor vorhanden warum welche welchem welchen welcher welches wenn wer werden wie wieso wir wird
    wo wohin woher wozu woran wurde würde würdest zeigt zum zur zwischen über fehlern defekte defekt defekten
    beschädigt beschädigung anomalie auffällig auffälligkeit auffälligkeiten weist
    """
)
_OTHER = _words(
    """
    le la les une du est ce cette ces dans pour avec pas où quel quelle quels quelles il elle y pièce défaut abîmée
    sont cela ça bonne bon oui non peut faut el los las un una unos es está esta este esto estos hay dónde donde qué
    cuál cual cómo como por para pieza defecto bien buena bueno sí tiene puede del al lo gli è c'è dove che quale
    quali questo questa pezzo difetto buono buona sì ha sono di nel nella o os não sim há onde qual peça defeito boa
    bom tem pode het een de waar welke heeft dit deze niet geen goed kapot onderdeel zit zijn ja czy jest gdzie jaki
    jaka część tak nie wada är och det den finns inte detta har er på ikke var mı nerede parça kde je vada díl
    """
)
_GERMAN_SHAPE = re.compile(r"[äöüß]|sch|(?:ung|keit|heit|lich|isch|bar|haft|iert)(?:e|en|er|es)?$")
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[a-zµß-ɏḀ-ỿ]")


def language_of(text: str) -> Language:
    """Tells the language of a question by its letters and its commonest words.

    Args:
        text: The question, without its options.

    Returns:
        English where common words of English stand in it and none of another language; also where all of its words
        are such as many languages share (``OK?``, ``Normal?``).
    """
    plain = text.lower().replace("’", "'")
    words = _WORD.findall(plain)
    english = sum(word in _ENGLISH for word in words)
    strange = _strange_letters(plain)
    if len(strange) > english:
        return "Chinese" if all(_CHINESE.match(letter) for letter in strange) else "other"
    german = sum(word in _GERMAN for word in words)
    foreign = sum(word in _OTHER for word in words)
    if english > 2 * (german + foreign):
        return "English"
    if german + foreign:
        return "German" if german >= foreign else "other"
    if any(_GERMAN_SHAPE.search(word) for word in words):
        return "German"
    return "English" if all(word in _SHARED for word in words) else "other"


def names_another_language(text: str) -> bool:
    """Whether a text, such as an option, has words or letters that are surely of another language than English."""
    plain = text.lower()
    return bool(_strange_letters(plain)) or not (_GERMAN | _OTHER).isdisjoint(_WORD.findall(plain))


def _strange_letters(text: str) -> list[str]:
    return [letter for letter in text if letter.isalpha() and not _LATIN.match(letter)]


_SHARED = _words(
    "ok okay normal defect defects anomaly anomalies position status result echo mm px pixel pixels"
)
"""Words that mean the same in many languages, or say nothing of the language."""

DECLINED: dict[Language, str] = {
    "German": (
        "Fragen auf Deutsch kann nur ein Sprachmodell beantworten (--mllm). Auf Englisch beantworte ich aus dem, was "
        "gemessen wurde, etwa: Is it ok? Where is it? How big is it? Is it within tolerance? Why? How sure are you?"
    ),
    "Chinese": (
        "中文问题只有语言模型才能回答（--mllm）。用英文提问，我可以根据测量结果回答，例如："
        "Is it ok? Where is it? How big is it? Is it within tolerance? Why? How sure are you?"
    ),
    "other": (
        "I read questions in English alone, and do not surely understand this one; a language model could (--mllm). "
        "From what was measured I answer such as: Is it ok? Where is it? How big is it? Is it within tolerance? Why? "
        "How sure are you?"
    ),
}
"""What is said to a question that is not in English."""
