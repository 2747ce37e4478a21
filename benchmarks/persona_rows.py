"""Persona-like rows by seed, a quarter of them near-duplicates of an earlier row, planted in five ways.

All texts are made up for this benchmark. A row without a plant takes five or six random choices from lists of 36 to
150, and often a name that few others have; so rows that share most of it by chance are rare, and occur.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

__all__ = ["PLANTS", "planted_rows"]

PLANTS = ("copy", "swap", "insertion", "reordering", "paraphrase")
"""What was done to an earlier row: white space or case only; one word for another; words added; the clauses in another
order; several words for others of like meaning."""

SHARE = 0.25


def _words(text: str) -> list[str]:
    return text.split()


def _phrases(text: str) -> list[str]:
    return text.replace("\n", "").split("|")


TRAITS = _words(
    """
patient restless soft-spoken stubborn curious forgetful meticulous cheerful sceptical frugal generous shy outspoken
retired young middle-aged elderly left-handed colour-blind bilingual widowed newly-married divorced self-taught
night-loving early-rising absent-minded superstitious pragmatic idealistic short-tempered gentle ambitious content
homesick adventurous cautious witty solemn talkative reserved punctual chronically-late thrifty romantic sarcastic
devout freethinking insomniac asthmatic tall wiry freckled bearded bespectacled limping tattooed weathered elegant
scruffy
"""
)

TRADES = _phrases("""
lock-keeper|organ builder|tram driver|beekeeper|court stenographer|dialysis nurse|crane operator|puppet maker|
harbour pilot|seed librarian|glass blower|tax inspector|midwife|train dispatcher|mushroom grower|piano tuner|
forest ranger|sign painter|bridge engineer|school cook|locksmith|weaver|radio astronomer|hospice chaplain|
bicycle courier|land surveyor|tea taster|stage carpenter|speech therapist|ferry captain|stone mason|pharmacist|
goat farmer|book restorer|lift mechanic|wedding photographer|chess coach|meteorologist|customs officer|saddler|
violin teacher|grain merchant|paramedic|archivist|roofer|sheep shearer|perfume chemist|bus conductor|mountain guide|
cheese monger|software tester|night porter|cartographer|diver|dog trainer|furniture mover|geologist|hat maker|
ice cream vendor|judge|kite designer|lamp repairer|mosaic artist|notary|optician|pastry chef|quarry foreman|
rope maker|street sweeper|tannery worker|upholsterer|vet|watchmaker|xylophone player|yoga instructor|zookeeper|
air traffic controller|brewer|calligrapher|dentist|electrician|fisherman|gravedigger|herbalist|insurance clerk|
jeweller|kindergarten teacher|lighthouse keeper|magician|nuclear physicist|oyster farmer|plumber|quilt maker|
railway historian|sculptor|translator|umpire|vintner|welder|boat builder|accountant|ballet dancer|coroner|
dairy inspector|elevator attendant|fencing master|glaciologist|horse breeder|interpreter|journalist|karate teacher|
linguist|milliner|neurologist|orchard owner|printer|radiologist|soil scientist|taxi driver|usher|volcanologist|
wheelwright|food stylist|barber|clock restorer|drone pilot|epidemiologist|falconer|gas fitter|hydrologist|
immigration lawyer|potter|knife grinder|laundry owner|mathematician|nanny|oboe player|park warden|quantity surveyor|
reed cutter|snow plough driver|toy designer|undertaker|vaccine researcher|well digger|youth worker
""")

PLACES = _phrases("""
a fishing village in Galicia|the suburbs of Nagoya|a mining town in Silesia|the old quarter of Tbilisi|
an island off Norway|a valley in Bhutan|the docks of Valparaiso|a market town in Kent|the plains of Manitoba|
a hill station in Kerala|the harbour of Izmir|a housing block in Minsk|a caravan park near Perth|the Andes of Peru|
a canal town in Friesland|the outskirts of Lagos|a monastery in Ladakh|the coast of Senegal|a ranch in Uruguay|
the backstreets of Naples|a farm in County Clare|the delta of the Danube|a ski resort in Savoy|the port of Durban|
a commune in Vermont|the highlands of Ethiopia|a border town in Moldova|the lakes of Finland|a suburb of Medellin|
an oasis in Tunisia|the vineyards of Moravia|a barge in Ghent|the steppe of Mongolia|a reservation in Arizona|
the tower blocks of Seoul|a spa town in Bohemia|the mangroves of Fiji|a crofting township in Skye|the souks of Fez|
a university town in Hesse|the rice terraces of Luzon|a railway junction in Ohio|the marshes of Ferrara|
a refugee camp in Jordan|the bush near Darwin|a lighthouse in Brittany|the factories of Lodz|a kibbutz in Galilee|
the favelas of Recife|a tea estate in Assam|the fjords of Iceland|a salt flat in Bolivia|the islands of Tonga|
a village on the Nile|the forests of Latvia|a shipyard in Gdansk|the slopes of Etna|a cattle station in Namibia|
the temples of Kyoto|a bakery in Damascus
""")

HABITS = _phrases("""
keeps a diary in three colours of ink|walks nine miles before breakfast|mends broken radios for neighbours|
collects tram tickets from closed lines|sings in an amateur opera chorus|never learned to swim|
plays postal chess with strangers|feeds every stray cat in the street|grows tomatoes on a flat roof|
reads only books printed before 1950|repaints the front door every spring|saves for a telescope|
teaches Sunday painting to children|argues with the evening news|bakes rye bread for the whole stair|
swims in the sea on New Year's Day|writes letters to lost friends|memorises railway timetables|
restores an old sailing boat|keeps eleven carrier pigeons|dances tango on Thursdays|volunteers at a soup kitchen|
measures rainfall in a jam jar|photographs abandoned petrol stations|cooks with seaweed gathered at dawn|
translates poems nobody asked for|breeds orchids in the bathroom|referees village football matches|
carves spoons from storm-felled lime|paints portraits of passing lorries|speaks to plants in Latin|
organises a yearly lantern parade|studies the habits of swifts|drinks tea without ever finishing a cup|
solves crosswords in a foreign language|repairs umbrellas free of charge|climbs every tower in sight|
tells ghost stories to tourists|sketches faces on night trains|composes waltzes for accordion|
hoards maps of countries that no longer exist|fasts every first Monday|judges jam at country fairs|
rides a motorcycle with a sidecar|knits socks for sailors|listens to weather forecasts for fun|
builds model bridges from matches|runs a tiny cinema in a garage|forages for mushrooms after rain|
practises calligraphy before sunrise|rings the church bells on Sundays|races homing pigeons with a brother|
plays the trombone in a brass band|keeps bees behind the allotment|writes limericks on receipts|
studies bird song by ear|hosts chess evenings in the kitchen|tinkers with a rusty tractor|
lends books to the whole district|watches eclipses wherever they fall
""")

WORRIES = _phrases("""
worries about a leaking roof|fears deep water|owes money to a cousin|cannot forgive an old rival|
misses a sister who emigrated|is losing hearing in one ear|distrusts every bank|hides a talent for forgery|
regrets leaving school early|dreads the coming winter|is allergic to pollen|forgets names within minutes|
is being sued over a fence|sleeps badly before holidays|has never told anyone about the lottery ticket|
is secretly writing a novel|cannot stand loud music|blames the mayor for everything|is afraid of lifts|
has twins who refuse to study|carries a lucky coin everywhere|is learning to walk again|hates being photographed|
has a cupboard full of unpaid bills|talks too much when nervous|lives above a noisy bar|
is torn between two cities|lost a finger in an accident|never answers the telephone|
is raising a grandson alone|keeps a grudge against a neighbour|cannot cook anything but soup|
is waiting for a kidney|dislikes the new priest|suspects the clock of lying|
has outlived three dogs|spends too much on stamps|is tired of moving house|
cannot whistle and minds it|fears being forgotten|is behind on every deadline|
has a recurring dream of floods|refuses to see a doctor|envies a younger colleague|
is colour-coding the cellar|has stopped eating sugar|counts steps when anxious|
lost a farm to a dam|is hiding from a choir director|has an unfinished quarrel with a son
""")

WISHES = _phrases("""
open a small museum|sail round the cape|learn to read music|visit a childhood friend|win the harvest prize|
buy back the family house|see the northern lights|publish a cookbook|train an apprentice|retire to the mountains|
cross the desert by train|build a stone oven|adopt an old donkey|master the cello|write down village legends|
found a night school|plant a walnut grove|travel without luggage|meet an unknown brother|finish a doctoral thesis|
record disappearing dialects|ride a horse across Patagonia|start a repair cafe|learn sign language|
restore a windmill|stage a forgotten opera|walk to Rome|invent a better mousetrap|breed a blue rose|
teach grandchildren to fish|map the caves nearby|run for the council|swim the strait|perform on a cruise ship|
discover a comet|drive a steam engine|own a bookshop|translate an epic|photograph every lighthouse|grow saffron|
compete at the world fair|reconcile two feuding families|save the local library|keep a flock of alpacas|
fly a glider|organise a regatta|taste every cheese in the valley|learn to tango properly|live on a houseboat|
see snow for the first time
""")

ALIKE = (
    "who:that",
    "hopes:longs wants wishes",
    "and:plus",
    "from:of in",
    "keeps:has tends",
    "old:aged ancient",
    "small:little tiny",
    "learn:study",
    "learns:studies",
    "build:make construct",
    "mends:repairs fixes",
    "village:hamlet",
    "teacher:instructor",
    "fears:dreads",
    "never:not once",
    "every:each",
    "visit:see",
    "house:home",
    "town:city",
    "restore:rebuild",
    "restores:rebuilds",
    "walks:hikes",
    "open:start",
    "sings:performs",
    "writes:pens",
    "reads:studies",
    "worries:frets",
    "cannot:can not",
    "tired:weary",
    "the:a",
    "is:seems",
    "has:owns",
    "with:alongside",
    "for:on behalf of",
)
SYNONYMS = {word: others.split() for word, _, others in (pair.partition(":") for pair in ALIKE)}

SYLLABLES = _words(
    """
ka ve lo min dar os tel bri gan hu rez pol shi vor ama quin dov eri sal nto ulk mar fen ost lia gro pem zan tir ovo
cal dre nis hal jor wen bas ket umi rok fal gis ond pra ler moy sta vik nou ell ber cho tam isk ful dun rae
"""
)
KINDS = _phrases("the village of|the parish of|the valley of|a street in|the port of|the district of|a suburb of")

FILLERS = _words(
    """
really often usually always still perhaps also quietly secretly sometimes rarely openly gladly proudly lately
recently nowadays apparently famously allegedly
"""
)


def planted_rows(count: int, seed: int) -> Iterator[tuple[str, str, int]]:
    """Yield ``count`` rows: the text, how it was planted (or ``new``), and the earlier row it was made from (or -1)."""
    generator = random.Random(seed)
    texts: list[str] = []
    for _ in range(count):
        plant, origin = "new", -1
        if texts and generator.random() < SHARE:
            plant, origin = generator.choice(PLANTS), generator.randrange(len(texts))
            text = _planted(texts[origin], plant, generator)
        else:
            text = _fresh(generator)
        texts.append(text)
        yield text, plant, origin


def _fresh(generator: random.Random) -> str:
    trait, trade, habit, worry, wish = (_some(words, generator) for words in (TRAITS, TRADES, HABITS, WORRIES, WISHES))
    place = _some(PLACES, generator) if generator.random() < 0.4 else _invented(generator)
    shape = generator.randrange(6)
    if shape == 0:
        return f"A {trait} {trade} from {place} who {habit}, {worry}, and hopes to {wish}."
    if shape == 1:
        return f"a {trade} in {place}, {trait}, who {worry} and wants to {wish}"
    if shape == 2:
        return f"This {trait} {trade} {habit}, comes from {place}, and would like to {wish} one day."
    if shape == 3:
        return f"A {trade} who {habit} and {worry}; {trait}, from {place}"
    if shape == 4:
        return f"a {trait} {trade} who {habit}, {worry} and is determined to {wish}"
    return f"A {trait} {trade} in {place} who {habit} despite being someone who {worry}"


def _some(words: list[str], generator: random.Random) -> str:
    """Return a word, early ones more often: words are not equally common."""
    return words[int(len(words) * generator.random() ** 1.5)]


def _invented(generator: random.Random) -> str:
    """Return a place that few other rows name: real texts are full of names, and those are their rare words."""
    name = "".join(generator.choice(SYLLABLES) for _ in range(generator.randint(2, 3))).capitalize()
    return f"{generator.choice(KINDS)} {name}"


def _planted(text: str, plant: str, generator: random.Random) -> str:
    words = text.split(" ")
    if plant == "copy":
        return text.upper() if generator.random() < 0.5 else "  ".join(words)
    if plant == "swap":
        words[generator.randrange(len(words))] = generator.choice(FILLERS)
    elif plant == "insertion":
        for _ in range(generator.randint(1, 2)):
            words.insert(generator.randrange(len(words) + 1), generator.choice(FILLERS))
    elif plant == "reordering":
        cut = generator.randrange(1, len(words))
        words = words[cut:] + words[:cut]
    else:
        for place, word in enumerate(words):
            if word in SYNONYMS and generator.random() < 0.6:
                words[place] = generator.choice(SYNONYMS[word])
    return " ".join(words)
