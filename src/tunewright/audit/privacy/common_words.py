"""Everyday words that are also names of persons: written small, each is taken for the word.

Gathered by hand for English, German, French and Spanish; a name that is missing here is replaced in every spelling,
which is the safe side. Called by ``pseudonyms``.
"""

from __future__ import annotations

from tunewright.audit.privacy.hits import word_set

COMMON_WORDS = word_set(
    "able about account after again all also alt alto and angel any april are art ash august autumn back bacon bad "
    "baker ball bank banks bar barber barn bass bay bean bear because been before being bell berry best big bill bird "
    "bishop blanc blanco bon bond book booth boss boulanger bow bowl bowman box boy branch brand braun bravo bridge "
    "bright brook brooks brown brun buck bueno bull bush but butcher butler butter cable call calls can cannot card "
    "carpenter carry carter case cash castle chance chase child christian church claire clay clean clear cliff close "
    "coffee cold come cook cool cooper copper corner could court cove craft crane creek crisp crook cross crow crown "
    "customer customers cut dale dark dash date dawn day days deal dean dear deep delgado diamond did dish does "
    "dollar done dove drew drop duke duty each earl early east easy ehrlich email even ever every fair faith fall "
    "farmer fast feliz fern few field fields finch fine fire first fish fisher fit flag flint flower flowers fontaine "
    "for ford forest forge fort foster fountain fox frame frank free french friend from fromm frost fuchs full fuller "
    "game garden gate gates gay gem get gets gift ginger give glad glass glover goes going gold golden good goose got "
    "grace grand grant graves gray great green grey gros gross ground grove groß gut guy had hale hall hand hands "
    "hard hardy harp harper hart has hatch have hay head heath heather hell help her herb here high hill hills him "
    "his hold holiday holly home honey hood hook hope horn house how hunt hunter hurt into iris its ivory ivy jack "
    "jade jar jay jet jewel job joy judge july june jung just kaiser keen key keys kid kind king kitchen klein knight "
    "know kurz lake lamb lamp lance land lane lang large last later law lay leaf left like lily line link little lock "
    "long look love low lucky luz mace made main major make man manager many mar march marchand marin mark marks "
    "marsh mason masters matter max may me mead meadow meister mercy merit merry mild mile miles mill miller mills "
    "mine mint miss mist money moon more morning moss most moulin mount mountain much must name neat need neu never "
    "new next nice night noble noir none noon north not nothing now nurse oak off olive once one only open order our "
    "out outlaw over own page paid pain paint palm park parks part patience patient paz peace peak pearl penny pepper "
    "perfect petit phone piece pike pine pink piper place plant play please plum point pole pond pool pope poppy "
    "porter post potter pound power powers prado price pride prince prior proper pure purple put quick rain rainbow "
    "ranger rank ray real really reason red reed rest rey rice rich ring rings rise rising river rivers road robin "
    "rock rojo rose rosemary rot roth rouge round roux rubio ruby rule rush rust safe sage sales salt same sand sands "
    "sauer savage saw sawyer say school schwarz sea seal see seen self send senior sent shade sharp she sheets shell "
    "shepherd shine ship shore short shot should silver since singer sky slate small smart snow sol some son song "
    "soon south spark sparks speed spice spring square staff star stark start steel stern still stone storm street "
    "strong style such summer summers sun sure sweet swift table tailor take tanner team temple tender than thank "
    "thanks that thatcher the their them then there these they thing this thorn those tide tiger time today told too "
    "town trace track true tucker turner two under use used user usher vale valley vert very victor vine violet wade "
    "wait walk walker wall wallet want ward warden ware warm was watch water waters way weaver weeks weiss weiß "
    "welcome well wells were west what wheeler when where which while white who why wide wild will willow wills win "
    "wind winter winters wise with wolf wood woods word work worth would wren wright yard yarn year yes yet you young "
    "your zimmer "
)
