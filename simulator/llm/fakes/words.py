"""Words for made-up people, questions and sentences."""

from __future__ import annotations

from simulator.llm.fakes.dice import Dice

__all__ = ["name", "phrase", "question", "relation", "sentence"]


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


_QUALITIES = _list(
    "patient|restless|soft-spoken|widowed|retired|newly-trained|stubborn|cheerful|frugal|left-handed|superstitious|"
    "self-taught|sharp-eyed|sleepless|generous|exacting|curious|shy|outspoken|tireless|absent-minded|practical|"
    "homesick|ambitious"
)
_TRADES = _list(
    "beekeeper|ferry pilot|dental nurse|bridge inspector|puppet maker|tax adviser|mushroom grower|night-shift baker|"
    "sign-language interpreter|tram driver|seed librarian|paediatric nurse|roof thatcher|chess teacher|wine blender|"
    "crane operator|lace restorer|speech therapist|lighthouse guide|soil chemist|wedding florist|goat herder|"
    "patent clerk|violin repairer|harbour master|geography teacher|escape-room designer|salt trader|bicycle courier|"
    "archive keeper|wind-turbine technician|street musician|vaccine researcher|fire warden|ice-cream seller|"
    "court stenographer|glassblower|insurance mathematician|mountain rescuer|shoe designer"
)
_HABITS = _list(
    "keeps a diary of small mistakes|trains apprentices|saves for a house by the river|collects old maps|"
    "argues with suppliers|volunteers at weekends|studies for an evening diploma|repairs radios|feeds stray cats|"
    "writes letters to the council|measures everything twice|sings in a choir|plans a long walk|mends fishing nets|"
    "teaches neighbours to cook|photographs storms|grows rare beans|runs a reading circle|tests new recipes|"
    "draws floor plans|cares for an uncle|learns the accordion|restores a boat|counts migrating birds"
)
_PLACES = _list(
    "a harbour town|the dry highlands|a suburb of a capital|an island of two villages|a former mining valley|"
    "the old spice quarter|a desert railway stop|a university city|a village above the tree line|the river delta|"
    "a market town in the plains|a fishing port in the north|an orchard district|a border settlement|"
    "the lower terraces|a spa town out of season|a ring of allotments|a windy peninsula|the printing district|"
    "a canal junction"
)
_GIVEN = _list(
    "Amaru|Birgit|Chidi|Dalia|Edvin|Farah|Goran|Hoku|Ilse|Jomo|Katya|Lior|Mina|Nadir|Oona|Pavel|Quilla|Rafi|Sanna|"
    "Tomas|Umi|Vesna|Wanda|Yusuf|Zora"
)
_FAMILY = _list(
    "Abara|Brandl|Castell|Dvorak|Eklund|Farouk|Gruber|Haddad|Ivanek|Jansky|Kowal|Lindqvist|Moreau|Nakata|Okafor|Petit|"
    "Quispe|Rautio|Sorensen|Tahiri|Ueda|Varga|Weiss|Yilmaz|Zeman"
)
_RELATIONS = _list(
    "younger sister|business partner|landlord|former teacher|night-shift colleague|neighbour across the yard|"
    "oldest friend|rival at the market|family doctor|apprentice|brother-in-law|supplier|choir leader|godmother"
)
_ASKS = _list(
    "How do I {} without spending much?|What should I know before I {}?|Why does it go wrong when I {}?|"
    "Could you plan a week in which I {}?|Which mistakes do beginners make when they {}?"
)
_DEEDS = _list(
    "rent out a workshop|teach a stubborn pupil|store grain over winter|fix a leaking gutter|price handmade goods|"
    "talk to a difficult landlord|choose a second-hand van|keep bees on a roof|write a complaint|apply for a permit|"
    "cook for forty guests|move an old piano|dry herbs indoors|read a rental contract|sharpen garden tools"
)


def phrase(dice: Dice) -> str:
    """Return the description of a person, without a full stop."""
    quality, trade = dice.choice(_QUALITIES), dice.choice(_TRADES)
    article = "an" if quality[0] in "aeiou" else "a"
    return f"{article} {quality} {trade} who {dice.choice(_HABITS)} in {dice.choice(_PLACES)}"


def name(dice: Dice) -> str:
    """Return a person's name."""
    return f"{dice.choice(_GIVEN)} {dice.choice(_FAMILY)}"


def relation(dice: Dice) -> str:
    """Return what one person is to another."""
    return dice.choice(_RELATIONS)


def question(dice: Dice) -> str:
    """Return a question that a person may ask; some 20 million differ."""
    deed = dice.choice(_DEEDS)
    advice = dice.choice([other for other in _DEEDS if other != deed])
    return f"{dice.choice(_ASKS).format(deed)} My neighbour, {phrase(dice)}, told me to {advice} first."


def sentence(dice: Dice) -> str:
    """Return a whole sentence."""
    text = f"{phrase(dice)} would first {dice.choice(_DEEDS)} and then {dice.choice(_DEEDS)}."
    return text[0].upper() + text[1:]
