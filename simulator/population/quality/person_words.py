"""The words by which the quality filters tell a person from a thing, one from several, and a name from a title."""

from __future__ import annotations

__all__ = ["COLLECTIVES", "GIVEN_NAMES", "GROUPS", "NUMBERS", "PLURAL_PEOPLE", "THINGS", "TITLES", "UNLIKE_SURNAMES"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


THINGS = _words(
    """
    agency ai algorithm analysis animal announcement app application area article association bakery band bank barn
    beach beacon bill biography blog boat book bot bottle brand bridge brochure building bureau business cafe
    calendar campaign canal car castle cat category chapter charity chart chatbot church city clinic club collection
    college company computer concept concert conference contract cooperative corporation country course database
    dataset day debate department description desk device diary dictionary diet document dog dream drug economy
    email encyclopedia engine enterprise episode equation essay event example exhibition experiment explanation fact
    factory farm festival field film firm fish foundation function gallery game garden government graph guideline
    habitat harbor harbour history holiday horse hospital hotel house idea industry information institute
    institution instruction interview island issue journal kitchen laboratory lake language law lecture letter
    library list magazine manual map market medicine meeting memo message method mill ministry mountain movie museum
    newspaper note novel office organisation organization outline overview page pamphlet paper paragraph park
    passage phone place plan platform play podcast poem policy port problem procedure process product program
    programme project proposal prototype question quote radio railway rant receipt recipe region report restaurant
    review river road robot room rule scene schedule school script season sentence server service set ship shop show
    site situation society software solution song speech spreadsheet startup statement station store story strategy
    street subject summary survey symphony system table tale task template test text textbook theme theorem theory
    thing thread tool topic town train transcript tutorial university vehicle video village war website week wiki
    word workshop world year
    """
)
"""Head nouns that are no people, in the singular."""

COLLECTIVES = _words(
    """
    audience band board bunch choir circle class club committee community company congregation council couple crew
    crowd duo ensemble faction family fleet gang generation group handful household jury network number orchestra
    organisation organization pair panel party population quartet range series set society squad staff team tribe
    trio troop troupe union variety
    """
)
"""Nouns that stand for several people when ``of`` follows."""

GROUPS = _words("audience choir couple crew crowd duo family gang orchestra quartet squad team trio troupe")
"""Nouns that stand for several people whatever follows; other collectives may be a club, which is a thing."""

PLURAL_PEOPLE = _words(
    """
    activists adults advocates artists athletes authors bakers boys brothers chefs children citizens clients
    coaches colleagues collectors commuters consumers couples customers dancers designers developers doctors
    drivers educators employees engineers enthusiasts entrepreneurs experts families fans farmers fathers fishermen
    friends gardeners girls grandparents guests guides historians hobbyists homeowners individuals investors
    journalists kids lawyers leaders learners librarians lovers managers mechanics members men merchants mothers
    musicians neighbors neighbours nurses owners parents passengers patients people physicians pilots players
    professionals programmers readers researchers residents sailors scholars scientists siblings singers sisters
    soldiers specialists spouses students surgeons teachers teenagers tourists traders travelers travellers twins
    users viewers villagers visitors volunteers women workers writers
    """
)
"""Plural nouns for people, as a text about several people begins with."""

NUMBERS = _words("two three four five six seven eight nine ten several many some both various multiple numerous dozens")

TITLES = _words(
    "mr mrs ms miss sir dame lord lady dr prof professor president senator king queen prince princess pope "
    "chancellor governor emperor empress"
)
"""Words that, capitalised and before a capitalised word, begin a name."""

UNLIKE_SURNAMES = _words(
    """
    academy airport arena avenue award awards bay beach bible bridge building cathedral center centre championship
    church city club college company conference cooper county court cup day district division drive empire
    expedition falls fellowship festival field football forest foundation garden gardens hall hill hills hospital
    hotel house inlet institute island islands lake laureate league library lodge market medal memorial middle
    mountain mountains museum music national novel novels oak ocean opera orchestra park plaza point port prize
    province railway range region republic reservoir river road school sea series show soccer society square st
    stadium state station street studios tech temple theater theatre tower town trail trophy university valley
    village war
    """
)
"""Capitalised words that make a place, a prize or an institution of the name before them."""

GIVEN_NAMES = _words(
    """
    aaron abdul abdullah abigail abraham adam adrian adriana ahmad ahmed aisha akira alan albert alberto alejandro
    alessandro alex alexander alexandra alexei alfred ali alice alicia alison allen amanda amelia amir amy ana
    anastasia anders andrea andreas andrei andrew angela anika anil anita ann anna anne anthony antoine anton
    antonio arjun arthur ashley astrid barbara beatrice benjamin bernard beth betty bill bjorn bob boris brandon
    brenda brian bruce camila carl carla carlo carlos carmen carol caroline catherine cecilia charles charlotte
    chen chris christina christine christopher claire clara claudia colin connor craig cynthia daniel daniela
    daniele david deborah deepak denise dennis derek diana diane diego dmitri dmitry donald donna dorothy douglas
    duncan dylan edith edmund eduardo edward edwin eleanor elena elias elizabeth ellen elon emily emma enrique eric
    erik ernest esther ethan eugene eva evelyn fatima felix fernando fiona florence frances francesca francesco
    francis francisco frank franz fred frederick gabriel gabriela gareth gary george georgia gerald gerard gianni
    giovanni giulia giuseppe gloria gordon graham greg gregory guillermo gustav hannah hans harold harry hassan
    heather hector heinrich helen helena henri henry herbert hiroshi howard hugo ian ibrahim igor ines ingrid irene
    iris isaac isabel isabella ivan jack jacob jacqueline jacques jake james jamie jan jane janet jason javier jean
    jeff jeffrey jennifer jeremy jerry jesse jessica jessie jim jimmy joan joanna joe joel johann johannes john
    johnny jonathan jorge jose josef joseph joshua juan judith julia julian julie juliet jun justin karen karl kate
    katherine kathleen kathryn katie kazuo keith kelly ken kenji kenneth kevin kim kirsten klaus kofi kristin kumar
    kyle lakshmi lars laura lauren lawrence leo leon leonard leonardo leonid leslie lewis liam lily linda lisa liu
    lorenzo louis louise lucas lucia luis luke magnus mahmoud malcolm manuel marc marco marcus margaret maria marie
    marina mario marion mark marta martha martin mary masahiro matteo matthew max maya megan mei melissa michael
    michel michelle miguel mike mikhail mohamed mohammad mohammed monica muhammad nadia nancy naomi natalia natalie
    natasha nathan neil nelson nicholas nick nicolas nikita nikolai nina noah nora norman olaf oleg olga oliver
    olivia omar oscar otto pablo pamela patricia patrick paul paula pedro penelope peter philip philippe phillip
    pierre priya rachel rafael raj rajesh ralph ramon raymond rebecca ricardo richard rita robert roberto robin
    roger roland ronald rosa rose rosemary roy ruth ryan salman samantha samuel sandra sanjay sara sarah scott sean
    sergei sergey sharon shirley simon sofia sophia sophie stanley stefan stella stephanie stephen steve steven
    stuart sunil susan suzanne sven svetlana sylvia takashi tanya tatiana teresa terry theodore theresa thomas tim
    timothy tom tommy tony tracy ursula valentina vanessa vera victor victoria vijay viktor vincent vincenzo
    virginia vladimir walter wang wayne wendy werner wilhelm william winston wolfgang xavier yasmin yolanda yosef
    yuki yuri yusuf yvonne zachary zhang zoe
    """
)
"""Common given names of many languages, lower-cased."""
