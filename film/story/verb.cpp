#include "film/story/verb.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace film::story {
namespace {

// base, and the past where it is irregular
constexpr std::string_view regular =
    "walk climb light cross open close look watch wait follow chase carry pick drop push pull reach touch turn enter leave arrive return "
    "discover explore search dance play perform embrace hug kiss laugh cry smile whisper shout scream call answer knock listen gaze stare "
    "glance point wave jump leap crawl dive float drift sail row land crash explode burn melt collapse stumble trip roll slip race rush hurry "
    "wander march stroll step approach escape hide attack defend battle save rescue help guide lead join gather meet part remember dream imagine "
    "realize realise decide plan learn teach study solve paint sketch craft build repair fix mend cook bake pour taste wash dress pack unpack "
    "travel move live die work plant harvest grow water dig bury pray confess promise betray forgive survive struggle fail try start begin "
    "finish end stop continue live lift raise lower hold release launch connect collect deliver receive offer trade share protect guard free "
    "unlock lock break smash shatter crack repaint restore revive awaken wake appear disappear vanish fade glow shine flicker flash pulse rise "
    "descend ascend circle orbit hover plunge sink drown swim surf skate ski cycle ride drive fly run sprint dash flee fight fall stand sit kneel "
    "lie sleep rest breathe sing hum strum write read draw sketch photograph film record find lose keep give take bring send throw catch hit "
    "strike cut tear sew tie hang hear see feel know think tell say speak ask win buy sell pay steal swing spin sway shake tremble freeze thaw "
    "eat drink feed bite blow sweep shoot ring hug stretch bow nod face confront witness become make let set put get go come "
    "stir warm cool burst bloom blossom scatter soar gallop prowl stalk hunt howl bark purr repeat trace press type dial trudge limp tiptoe "
    "peer inspect examine unfold fold wrap unwrap sort polish tune tend visit befriend adopt accept refuse argue quarrel reconcile celebrate mourn "
    "toast cheer clap applaud perch settle emerge stretch spill flood drip crumble rust hope miss love hate need want seek use lean slide "
    "drag haul paddle steer navigate park board ignite extinguish drift greet welcome head pass stay rain snow broadcast transmit upload download hack vanish scan sneak duck dodge slam grab clutch cling overtake swerve dangle nap giggle blush sigh gasp sob weep grin frown salute marry propose divorce graduate retire";

const std::map<std::string, std::string, std::less<>>& irregular() {
  static const std::map<std::string, std::string, std::less<>> pasts{
      {"lit", "light"}, {"left", "leave"}, {"met", "meet"}, {"taught", "teach"}, {"built", "build"}, {"grew", "grow"}, {"dug", "dig"},
      {"forgave", "forgive"}, {"began", "begin"}, {"held", "hold"}, {"broke", "break"}, {"awoke", "awaken"}, {"woke", "wake"}, {"rose", "rise"},
      {"sank", "sink"}, {"swam", "swim"}, {"rode", "ride"}, {"drove", "drive"}, {"flew", "fly"}, {"ran", "run"}, {"fled", "flee"},
      {"fought", "fight"}, {"fell", "fall"}, {"stood", "stand"}, {"sat", "sit"}, {"knelt", "kneel"}, {"lay", "lie"}, {"slept", "sleep"},
      {"sang", "sing"}, {"wrote", "write"}, {"drew", "draw"}, {"found", "find"}, {"lost", "lose"}, {"kept", "keep"}, {"gave", "give"},
      {"took", "take"}, {"brought", "bring"}, {"sent", "send"}, {"threw", "throw"}, {"caught", "catch"}, {"struck", "strike"}, {"tore", "tear"},
      {"hung", "hang"}, {"heard", "hear"}, {"saw", "see"}, {"felt", "feel"}, {"knew", "know"}, {"thought", "think"}, {"told", "tell"},
      {"said", "say"}, {"spoke", "speak"}, {"won", "win"}, {"bought", "buy"}, {"sold", "sell"}, {"paid", "pay"}, {"stole", "steal"},
      {"swung", "swing"}, {"spun", "spin"}, {"shook", "shake"}, {"froze", "freeze"}, {"ate", "eat"}, {"drank", "drink"}, {"fed", "feed"},
      {"bit", "bite"}, {"blew", "blow"}, {"swept", "sweep"}, {"shot", "shoot"}, {"rang", "ring"}, {"became", "become"}, {"made", "make"},
      {"got", "get"}, {"went", "go"}, {"came", "come"}, {"led", "lead"}, {"hid", "hide"}, {"crept", "creep"}, {"sought", "seek"}, {"slid", "slide"},
      {"lying", "lie"}, {"dying", "die"}, {"tying", "tie"}};
  return pasts;
}

bool is_vowel(char letter) { return letter == 'a' || letter == 'e' || letter == 'i' || letter == 'o' || letter == 'u'; }

bool ends_consonant_y(std::string_view base) {
  return base.size() > 1 && base.back() == 'y' && !is_vowel(base[base.size() - 2]);
}

// One vowel before one final consonant of a short verb doubles it: stop, stopping.
bool doubles(std::string_view base) {
  if (base.size() < 3 || base.size() > 4) return base == "begin";
  if (std::ranges::count_if(base, is_vowel) != 1) return false;  // open, opened
  const char last = base.back();
  return !is_vowel(last) && last != 'w' && last != 'x' && last != 'y' && is_vowel(base[base.size() - 2]) && !is_vowel(base[base.size() - 3]);
}

std::string stem_with(std::string_view base, std::string_view ending) {
  std::string stem(base);
  const bool ed = ending == "ed";
  if (stem.back() == 'e' && !stem.ends_with("ee")) stem.pop_back();
  else if (doubles(base)) stem += stem.back();
  else if (ed && ends_consonant_y(base)) stem.back() = 'i';
  return stem + std::string(ending);
}

const std::map<std::string, Verb, std::less<>>& forms() {
  static const auto* all = [] {
    auto* table = new std::map<std::string, Verb, std::less<>>;
    std::istringstream words{std::string(regular)};
    for (std::string base; words >> base;) {
      table->try_emplace(base, Verb{base, VerbForm::base});
      table->try_emplace(third_person(base), Verb{base, VerbForm::third});
      table->try_emplace(stem_with(base, "ing"), Verb{base, VerbForm::participle});
      table->try_emplace(stem_with(base, "ed"), Verb{base, VerbForm::past});
    }
    for (const auto& [past, base] : irregular())
      table->insert_or_assign(past, Verb{base, past.ends_with("ing") ? VerbForm::participle : VerbForm::past});
    return table;
  }();
  return *all;
}

}  // namespace

std::string third_person(std::string_view base) {
  std::string word(base);
  if (base == "have") return "has";
  if (base == "be") return "is";
  if (ends_consonant_y(base)) {
    word.pop_back();
    return word + "ies";
  }
  const bool hisses = word.ends_with("s") || word.ends_with("x") || word.ends_with("z") || word.ends_with("ch") || word.ends_with("sh") || base == "go" || base == "do";
  return word + (hisses ? "es" : "s");
}

std::optional<Verb> verb_of(std::string_view word) {
  const auto found = forms().find(word);
  return found == forms().end() ? std::nullopt : std::optional(found->second);
}

}  // namespace film::story
