"""The words of the scripted cast."""

from __future__ import annotations

JOBS = [
    "nurse",
    "baker",
    "plumber",
    "farmer",
    "teacher",
    "lawyer",
    "carpenter",
    "surgeon",
    "painter",
    "singer",
    "waiter",
    "butcher",
    "librarian",
    "electrician",
    "fisherman",
    "gardener",
    "tailor",
    "journalist",
    "photographer",
    "architect",
    "mechanic",
    "pharmacist",
    "dentist",
    "chemist",
    "blacksmith",
    "barber",
    "cook",
    "postman",
    "welder",
    "potter",
]
PLACES = """by a northern harbour|in a mining town|on a river island|near the old airport|in a mountain village|at the edge
of a desert|beside a canal|in a market square|under a railway bridge|on a windy plateau|in a border town|close to a
glacier""".replace("\n", " ").split("|")
DEEDS = """repairs antique clocks|collects rain records|trains rescue dogs|restores wooden boats|teaches evening classes|
keeps forty pigeons|writes letters for neighbours|studies medieval maps|brews elderflower cordial|runs a chess circle|
films migrating birds|mends fishing nets|grows giant pumpkins|sings in a choir|sorts old photographs""".replace(
    "\n", ""
).split("|")
NAMES = {
    "family": ["younger sister", "grandfather", "niece", "stepson"],
    "friend": ["childhood friend", "pen friend", "fishing friend", "school friend"],
    "colleague": ["shift partner", "apprentice", "bookkeeper", "supervisor"],
    "service": ["regular customer", "dentist", "landlord", "hairdresser"],
    "neighbour": ["neighbour across the hall", "neighbour upstairs", "neighbour next door", "neighbour opposite"],
    "rival": ["rival at work", "competitor in town", "sporting rival", "old rival"],
    "mentor": ["first teacher", "former coach", "old master", "student"],
    "community": ["fellow choir member", "team mate", "club secretary", "fellow volunteer"],
}
TOPICS = """the leaking roof|a late delivery|the broken heater|my tax letter|an unpaid invoice|the school timetable|a rusty
hinge|the missing permit|a noisy engine|the wet cellar|a torn contract|the winter stock""".replace("\n", " ").split("|")
LINES = [
    "That is clear so far. My worry is {topic}; what should I do about it on day {day}?",
    "I tried this with {topic} and lost an hour. Which part of the work comes first?",
    "We have nobody here who knows {topic}. Would a letter to the council help, or a visit?",
    "My neighbour says to leave {topic} alone until spring. Is the delay dangerous?",
]
SAYINGS = [
    "The tide decides that, not I. {found} Ask again when the nets are dry {place}.",
    "I have looked after such things since I was small. {found} Leave {topic} with me until evening.",
    "Nobody has asked me that in a long winter. {found} My brother carries it {place}, slowly and well.",
    "Sit down by the lamp first. {found} There was a storm, and {topic} had to wait for it.",
    "You have come a long way for little. {found} Whoever rows {place} will tell you the rest of it.",
]
VERBS = ["track", "order", "reserve", "measure", "record", "compare", "monitor", "schedule"]
