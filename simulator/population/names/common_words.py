"""English words of four letters and more that stand in any text and so tell nothing about its subject."""

from __future__ import annotations

from simulator.population.tokens import word_grams

__all__ = ["COMMON_WORDS"]

COMMON_WORDS = word_grams(
    """
    able about above accept account across afraid after afternoon afterwards again against aged agree ahead allow
    allows almost alone along already alright also always among amount another answer answers anybody anyone anything
    anyway anywhere apart appear appears april area argue arms around arrive arrived aside asked asks assume attempt
    august autumn average avoid aware away back bags bare base basic bear beat became because become becomes been
    before begin begins begun behave behind being believe believes below bend bent beside best better between beyond
    bigger biggest bits black blame bled blow blown blue body borrow both bother bottom bound boxes brand brass break
    breakfast breaks brief bring brings broke broken brother brought brown build built business busy buys call called
    came cannot careful careless cares carries carry case cases catch caught cause centimetres certain chance chances
    change charge cheap check checks child children choice choose chose christmas city claim claims clean clear climb
    close closed closer closes coffee cold collect colour combine come comes coming common company complain complete
    concern condition confirm consider contain content control cool copies copy corner correct cost costs could count
    country counts couple course cover covers cries cross crowd cuts dark date dates days deal dear death december
    decide decides deep degrees demand depend describe detail details difference different difficult dinner direct
    direction dirty discover distance divide does doing done door doors double doubt down dozen dressed drew dried
    dries drinks drive drop dropped drops dull during each eager earlier early ease east easter eastern easy eats edge
    effect effort eight eighty either eleven else empty enclose enjoy enough enter entrance equal escape especially
    even evening event events ever every everybody everyone everything exact exactly example except exist exists
    expect expects expensive explain explains express extend extra eyes face fact facts fail failed fails failure
    faint fair fairly fall fallen falls false family famous fast father fault favour fear feature february feed feeds
    feel feeling feet fell fellow felt female fifteen fifth fifty fight figures fill filled fills final finally find
    fine finish finished firm first fist fists fits five fixed flat flexible folk folks follow follows fool foot force
    forget forgot form forms forth forty forward found four fourth free fresh friday friend friends from front full
    furious further future gain gave general gentle gets getting gift girl give given gives glad glance goes going
    gold gone good grams grand grant great green grew grow grown grows growth guess guest guests habit half hall hand
    hands hang hangs happen hard hardly hate have having head hear heard heart heat heavy height held hello help here
    herself hide high higher highest himself hint historic hits hold holds hole home hope hour hours house however
    huge human hundred hung hurry hurt idea ideas image imagine immediate important improve include includes
    inconvenience increase indeed inferior inside insist instead intend interest into invisible itself january join
    joined july jump june just keep keeps kept kick kill kilometres kilos kind kinds knew know known knows lack laid
    large largest last lasts late later laugh laughed laughter lays lead leads lean learn learned least leave leaves
    left lefthand lend length lengths less lets letter letters level levels lies life lift light lighter like likes
    limit line lines link list lists litres little lived lives load local lock long longer look looked loose lose
    loses lost loud love lower lowest luck lucky lunch made main make makes making male manage manner many march mark
    marks matter matters maybe mean means measure meet meeting meets mention merely method metres middle might miles
    mind minute minutes miss missed mistake mixed modern moment monday month months mood more morning most mother
    mouth move moved movement moves much must myself name narrow nature near nearly necessary neck need needed needs
    negative neighbour neighbours neither never next nice night nine ninety nobody noise none normal north northern
    note nothing notice noticed november number numbers object obvious occasion occur october offer offered office
    often okay once only onto open opened opens opinion opposite order ordinary original other others ought outside
    over owed owes owner owners paid pair park part particular parts pass passed passes past pause pays peace people
    percent perhaps permit person photo photograph photographs pick picked picks picture piece pieces pink place plain
    plans play played plays please plenty point poor popular position possible practice precaution prefer prepare
    present press pretty prevent price prices private problem problems process produce promise proof proper protect
    proud prove provide public pull pulls pure purpose push puts quarter question questions quick quiet quietly quite
    race raise raised range rate rather reach reached reaches reaction read reads ready real really reason reduce
    refuse regular relation remain remains remark remember remind remove repeat replace reply report reports request
    require respect rest result results return returned returns reward rich right rises risk room rough round routine
    rule rules runs rush safe said sale same saturday save saves saying says scene season seat second secret section
    seem seems seen self sell sells send sense sent sentence separate september serious serve service services sets
    settle seven seventy several shake shall shape share sharp short shot should shout shouted show shows shut sick
    side sides sight sign signs silence silent similar simple simply since sincerely sing single sister site sits
    situation sixty size sleep slid slide slides slight slightly slip slow small smell smells smile social soft solid
    solve some somebody somehow someone something soon sorry sort sorts source south southern space spare speak speaks
    special speed spend spent spoke spot spread spring square stage stand standard standing stands start started
    starts state states stay stays steady step steps stick still stock stood stop stopped stops story straight strange
    street strength strike strong stuck stupid subject success such sudden suffer suggest suit summer sunday supper
    supply support suppose sure surface surprise swear sweet swing table take taken takes task taste tear tears tell
    tells tend tenth term terms than thank thanks that their them then there these they thick thin thing things think
    thinking thinks third thirty this those though thought thousand three threw through throws thursday tied tight
    time times tiny title today together told tomorrow tone tonight took tops total touch toward towards town track
    treat tried tries trip trouble true trust truth tuesday turn turned turning twelve twenty twice type types under
    unless until upon upper upset upside used useful using usual usually value variety vary very view village visible
    visit visits voice wait waited waits wake walk walked walks want wanted wanting wants warm warn wash waste watch
    watched watches wave ways wear wears weather wednesday week weeks weigh weighs weight well went were west western
    what when where whether which while white whole whose wide wider width wild will willing window windows wins
    winter wise wish wished wishes with within without woke woman women wonder word words wore work worked works world
    worn worse worst worth would write writes written wrong wrote yard year years yellow yesterday young your yourself
    zero
    """
)
