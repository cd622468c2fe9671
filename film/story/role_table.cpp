#include "film/story/role_table.h"

#include <array>

namespace film::story {
namespace {

constexpr auto any = Gender::unknown;
constexpr auto she = Gender::woman;
constexpr auto he = Gender::man;
constexpr auto it = Gender::creature;

// Compound nouns stand before the plain ones they contain.
constexpr std::array roles{
    RoleKind{"lighthouse_keeper keeper", any, "about 65", "short grey hair", "yellow oilskin coat|navy wool sweater|dark trousers", "brass lantern", "upright, weathered"},
    RoleKind{"fisherman fisher angler", he, "about 55", "short grey hair", "grey knit sweater|orange waterproof trousers", "coil of rope", "broad, weathered"},
    RoleKind{"sailor seaman", any, "about 30", "cropped brown hair", "navy peacoat|white trousers", "canvas bag", "wiry"},
    RoleKind{"captain skipper", any, "about 50", "short silver hair", "dark blue captain's coat|grey trousers", "brass compass", "upright"},
    RoleKind{"pirate", any, "about 40", "long black hair", "crimson long coat|linen shirt", "brass spyglass", "lean"},
    RoleKind{"astronaut cosmonaut spaceman", any, "about 38", "short dark hair", "white spacesuit with orange stripes", "helmet with a gold visor", "compact"},
    RoleKind{"detective inspector investigator private_eye", any, "about 45", "slicked dark hair", "beige trench coat|charcoal suit", "notebook", "tall, stooped"},
    RoleKind{"police_officer policeman policewoman officer cop", any, "about 35", "short brown hair", "navy uniform", "flashlight", "solid"},
    RoleKind{"soldier warrior knight guard", any, "about 32", "cropped dark hair", "grey-green long coat|leather vest", "worn letter", "broad"},
    RoleKind{"samurai ronin swordsman", he, "about 40", "black hair in a topknot", "indigo kimono robe|grey sash", "sword", "lean, upright"},
    RoleKind{"cowboy gunslinger rancher", he, "about 42", "short brown hair", "tan duster coat|denim trousers", "brimmed hat", "lean"},
    RoleKind{"doctor nurse surgeon medic", any, "about 40", "dark hair in a bun", "white coat|pale blue shirt", "stethoscope", "slight"},
    RoleKind{"scientist researcher professor inventor physicist chemist engineer", any, "about 50", "unruly grey hair", "white lab coat|mustard sweater", "notebook", "thin"},
    RoleKind{"teacher librarian", any, "about 45", "brown hair in a bun", "green cardigan|grey skirt", "book", "slight"},
    RoleKind{"student schoolgirl schoolboy pupil", any, "about 17", "dark bob", "navy blazer|white shirt", "satchel", "slight"},
    RoleKind{"pianist", any, "about 35", "dark side-parted hair", "black tailcoat|white shirt", "sheet music", "slender"},
    RoleKind{"violinist cellist", any, "about 30", "long dark hair", "burgundy dress", "violin", "slender"},
    RoleKind{"guitarist busker musician street_musician", any, "about 28", "tousled brown hair", "rust-coloured jacket|denim trousers", "worn guitar", "lean"},
    RoleKind{"singer vocalist rapper diva", any, "about 29", "long wavy dark hair", "red dress", "microphone", "slender"},
    RoleKind{"drummer", any, "about 27", "messy blond hair", "black shirt|grey trousers", "pair of drumsticks", "strong"},
    RoleKind{"dancer ballerina", any, "about 26", "black hair in a bun", "white dress", "red ribbon", "slender, strong"},
    RoleKind{"painter artist sculptor illustrator", any, "about 40", "curly auburn hair", "paint-stained blue shirt|brown apron", "paintbrush", "slight"},
    RoleKind{"writer poet author journalist novelist", any, "about 38", "wavy brown hair", "grey turtleneck sweater|dark jacket", "notebook", "thin"},
    RoleKind{"photographer", any, "about 34", "short black hair", "olive jacket|dark jeans", "old film camera", "lean"},
    RoleKind{"baker cook chef", any, "about 50", "short grey hair", "white apron|blue shirt", "wooden spoon", "round, strong"},
    RoleKind{"farmer gardener beekeeper", any, "about 58", "grey hair", "straw hat|green work shirt|brown trousers", "basket", "sturdy"},
    RoleKind{"blacksmith carpenter watchmaker clockmaker toymaker craftsman mechanic", any, "about 60", "white hair", "leather apron|grey shirt", "small hammer", "strong hands, bent back"},
    RoleKind{"driver taxi_driver cabbie trucker", any, "about 48", "short dark hair", "brown leather jacket|flat cap", "set of keys", "heavy"},
    RoleKind{"pilot aviator", any, "about 36", "short fair hair", "brown flight jacket|white scarf", "goggles", "lean"},
    RoleKind{"messenger courier mailman postman postal_worker mail_carrier", any, "about 30", "short brown hair", "blue jacket|grey trousers", "satchel of letters", "lean"},
    RoleKind{"traveler traveller wanderer hiker climber explorer adventurer backpacker nomad", any, "about 33", "tousled brown hair", "olive parka|dark trousers", "canvas rucksack", "wiry"},
    RoleKind{"thief burglar hacker spy assassin", any, "about 31", "short black hair", "black hoodie|dark trousers", "small torch", "lean"},
    RoleKind{"monk priest nun hermit pilgrim", any, "about 60", "shaved head", "ochre robe", "wooden staff", "thin, upright"},
    RoleKind{"wizard witch sorcerer sorceress magician", any, "about 70", "long white hair", "deep violet robe", "carved staff", "tall"},
    RoleKind{"queen princess empress", she, "about 35", "long braided dark hair", "emerald gown", "thin gold crown", "upright"},
    RoleKind{"king prince emperor", he, "about 45", "short dark hair", "crimson robe|dark tunic", "gold crown", "broad"},
    RoleKind{"boxer athlete runner swimmer cyclist skater surfer", any, "about 27", "cropped dark hair", "red training jacket|black trousers", "towel", "strong"},
    RoleKind{"clown acrobat juggler", any, "about 40", "wild orange hair", "striped shirt|patched yellow coat", "red ball", "round"},
    RoleKind{"robot android cyborg automaton", it, "", "none, a smooth metal head", "dented white shell|orange shoulder plates", "blinking chest light", "compact, square"},
    RoleKind{"alien", it, "", "none, smooth pale skin", "silver jumpsuit", "glowing pendant", "tall and thin"},
    RoleKind{"ghost spirit angel", any, "", "long pale hair", "white gown", "unlit candle", "light, hardly there"},
    RoleKind{"grandmother grandma old_woman old_lady", she, "about 75", "white hair in a bun", "violet cardigan|grey skirt", "walking stick", "small, bent"},
    RoleKind{"grandfather grandpa old_man", he, "about 75", "thin white hair", "brown cardigan|grey trousers|flat cap", "walking stick", "small, bent"},
    RoleKind{"mother mom mum", she, "about 38", "brown ponytail", "teal coat|dark trousers", "house keys", "slender"},
    RoleKind{"father dad", he, "about 40", "short brown hair", "dark green jacket|jeans", "pocket watch", "tall"},
    RoleKind{"sister daughter girl schoolgirl", she, "about 11", "dark braids", "red raincoat|striped shirt", "small backpack", "small, quick"},
    RoleKind{"brother son boy schoolboy", he, "about 12", "tousled brown hair", "mustard sweater|denim trousers", "paper kite", "small, wiry"},
    RoleKind{"child kid toddler children kids", any, "about 8", "short dark hair", "yellow raincoat|blue trousers", "paper boat", "small"},
    RoleKind{"teenager teen", any, "about 16", "messy dark hair", "green hoodie|jeans", "headphones", "lanky"},
    RoleKind{"bride", she, "about 30", "dark hair in a low bun", "white wedding dress", "bouquet of white roses", "slender"},
    RoleKind{"widow wife girlfriend lady woman heroine", she, "about 35", "shoulder-length dark bob", "burgundy coat|grey dress", "silver locket", "slender"},
    RoleKind{"widower groom husband boyfriend gentleman man guy hero stranger", he, "about 40", "short dark hair", "charcoal overcoat|white shirt", "pocket watch", "lean"},
    RoleKind{"couple lovers friends siblings twins strangers people brothers sisters partners", any, "about 27", "short brown hair", "blue jacket|dark trousers", "folded map", "slender"},
    RoleKind{"person survivor refugee protagonist lover friend sibling twin partner orphan someone", any, "about 30", "short brown hair", "blue jacket|dark trousers", "folded map", "slender"},
    RoleKind{"dog puppy hound", it, "", "short brown coat", "red collar", "worn ball", "medium, alert"},
    RoleKind{"cat kitten", it, "", "black fur", "thin collar with a bell", "", "small, supple"},
    RoleKind{"wolf", it, "", "grey winter fur", "", "", "lean, high shoulders"},
    RoleKind{"fox", it, "", "russet fur with a white tail tip", "", "", "small, quick"},
    RoleKind{"horse stallion mare pony", it, "", "chestnut coat with a dark mane", "worn bridle", "", "tall, strong"},
    RoleKind{"bear polar_bear", it, "", "thick brown fur", "", "", "huge, slow"},
    RoleKind{"whale dolphin turtle octopus fish", it, "", "dark smooth skin", "", "", "immense, slow"},
    RoleKind{"bird owl crow raven eagle sparrow swan", it, "", "dark feathers", "", "", "small, quick"},
    RoleKind{"dragon monster creature beast", it, "", "dark green scales", "", "", "huge, coiled"},
    RoleKind{"deer stag rabbit hare mouse elephant lion tiger monkey", it, "", "tawny fur", "", "", "alert"},
};

}  // namespace

std::span<const RoleKind> role_kinds() { return roles; }

}  // namespace film::story
