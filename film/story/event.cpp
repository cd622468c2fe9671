#include "film/story/event.h"

#include <algorithm>
#include <array>

#include "film/story/text.h"
#include "film/story/verb.h"

namespace film::story {
namespace {

constexpr std::size_t events_max = 60;

template <class Value>
struct Spoken {
  std::string_view phrase;
  Value value;
};

constexpr std::array spoken_sizes{
    Spoken{"extreme close-up", ShotType::ecu}, Spoken{"extreme close up", ShotType::ecu}, Spoken{"extreme wide shot", ShotType::vw}, Spoken{"very wide shot", ShotType::vw},
    Spoken{"medium close-up", ShotType::mcu},  Spoken{"medium wide shot", ShotType::mw},  Spoken{"close-up", ShotType::cu},          Spoken{"close up", ShotType::cu},
    Spoken{"closeup", ShotType::cu},           Spoken{"establishing shot", ShotType::vw}, Spoken{"wide shot", ShotType::ws},         Spoken{"long shot", ShotType::ws},
    Spoken{"medium shot", ShotType::ms},       Spoken{"ecu", ShotType::ecu},              Spoken{"mcu", ShotType::mcu},              Spoken{"cu", ShotType::cu},
    Spoken{"ews", ShotType::vw},               Spoken{"mws", ShotType::mw},               Spoken{"ws", ShotType::ws},                Spoken{"ms", ShotType::ms}};

constexpr std::array spoken_moves{
    Spoken{"camera pans left", CameraMovement::pan_left},   Spoken{"camera pans right", CameraMovement::pan_right}, Spoken{"pan left", CameraMovement::pan_left},
    Spoken{"pan right", CameraMovement::pan_right},         Spoken{"camera pans", CameraMovement::pan},             Spoken{"tilt up", CameraMovement::tilt_up},
    Spoken{"tilt down", CameraMovement::tilt_down},         Spoken{"dolly in", CameraMovement::dolly_in},           Spoken{"push in", CameraMovement::dolly_in},
    Spoken{"slow push in", CameraMovement::dolly_in},       Spoken{"dolly out", CameraMovement::dolly_out},         Spoken{"pull back", CameraMovement::dolly_out},
    Spoken{"pulls back", CameraMovement::dolly_out},        Spoken{"zoom in", CameraMovement::zoom_in},             Spoken{"zoom out", CameraMovement::zoom_out},
    Spoken{"tracking shot", CameraMovement::track},         Spoken{"handheld", CameraMovement::handheld},           Spoken{"drone shot", CameraMovement::drone},
    Spoken{"aerial shot", CameraMovement::aerial},          Spoken{"aerial view", CameraMovement::aerial},          Spoken{"crane up", CameraMovement::crane_up},
    Spoken{"crane down", CameraMovement::crane_down},       Spoken{"orbit shot", CameraMovement::orbit},            Spoken{"steadicam", CameraMovement::steadicam},
    Spoken{"static shot", CameraMovement::static_},         Spoken{"camera follows", CameraMovement::track},        Spoken{"crane shot", CameraMovement::crane_up}};

constexpr std::array spoken_angles{Spoken{"low angle", CameraAngle::low_angle}, Spoken{"high angle", CameraAngle::high_angle}, Spoken{"bird's eye", CameraAngle::birds_eye},
                                   Spoken{"dutch angle", CameraAngle::dutch_angle}, Spoken{"eye level", CameraAngle::eye_level}};

// What the lens does is taken out of the words; what is filmed stays.
template <class Menu, class Value>
void take_spoken(std::string& text, const Menu& menu, std::optional<Value>& said) {
  for (const auto& spoken : menu) {
    const auto at = find_word(lower(text), spoken.phrase);
    if (at == std::string::npos) continue;
    said = spoken.value;
    std::size_t end = at + spoken.phrase.size(), from = at;
    for (const std::string_view tail : {" shot", " view", " of", " on", ":", ","})
      if (lower(text).compare(end, tail.size(), tail) == 0) end += tail.size();
    const auto blank = [](char letter) { return letter == ' ' || letter == ',' || letter == ':' || letter == '-' || letter == '('; };
    while (end < text.size() && (blank(text[end]) || text[end] == ')')) ++end;
    while (from > 0 && blank(text[from - 1])) --from;
    for (const std::string_view head : {"in a", "in", "with a", "from a", "a", "the"})
      if (from >= head.size() && lower(text).compare(from - head.size(), head.size(), head) == 0 && (from == head.size() || text[from - head.size() - 1] == ' ')) {
        from -= head.size();
        break;
      }
    text = trimmed(text.substr(0, from)) + (from > 0 && end < text.size() ? " " : "") + text.substr(end);
    text = trimmed(text);
    return;
  }
}

struct Token {
  std::string word, low;
  bool comma = false;  // a comma follows
};

std::vector<Token> tokens_of(const std::string& text) {
  std::vector<Token> tokens;
  for (const std::string& piece : split(text, ' ')) {
    Token token{piece, {}, false};
    while (!token.word.empty() && (token.word.back() == ',' || token.word.back() == ':' || token.word.back() == '.')) {
      token.comma = token.comma || token.word.back() != '.';
      token.word.pop_back();
    }
    token.low = lower(token.word);
    if (!token.word.empty()) tokens.push_back(std::move(token));
  }
  return tokens;
}

std::string joined(const std::vector<Token>& tokens, std::size_t from, std::size_t to) {
  std::string text;
  for (std::size_t i = from; i < to; ++i) text += (text.empty() ? "" : " ") + tokens[i].word + (tokens[i].comma && i + 1 < to ? "," : "");
  return text;
}

class ClauseReader {
 public:
  ClauseReader(const std::vector<Person>& people, const std::vector<Setting>& settings, std::vector<Event>& events)
      : people_(people), settings_(settings), events_(events) {}

  // `whole`: an item of an explicit list, one event whatever its words are.
  void read(std::string text, bool whole) {
    Event frame;
    take_spoken(text, spoken_sizes, frame.shot);
    take_spoken(text, spoken_moves, frame.movement);
    take_spoken(text, spoken_angles, frame.angle);
    set_place(text);
    frame.setting = setting_;
    const std::size_t before = events_.size();
    const auto tokens = tokens_of(text);
    if (!tokens.empty()) read_clauses(tokens, frame);
    if (whole) make_one(before, text, frame);
  }

 private:
  void set_place(const std::string& text) {
    const std::string low = lower(text);
    std::size_t best = std::string::npos;
    for (std::size_t i = 0; i < settings_.size(); ++i)
      for (const std::string& word : settings_[i].words)
        if (const auto at = find_word(low, word); at < best) {
          best = at;
          setting_ = i;
        }
  }

  [[nodiscard]] std::vector<std::size_t> people_in(const std::string& low) const {
    std::vector<std::pair<std::size_t, std::size_t>> found;
    for (std::size_t i = 0; i < people_.size(); ++i) {
      std::size_t at = std::min(find_word(low, lower(people_[i].character.name)), find_word(low, people_[i].noun));
      if (people_[i].grouped) at = std::min(at, group_at(low, people_[i]));
      if (at != std::string::npos) found.emplace_back(at, i);
    }
    std::ranges::sort(found);
    std::vector<std::size_t> who;
    for (const auto& [at, index] : found) who.push_back(index);
    return who;
  }

  [[nodiscard]] static std::size_t group_at(const std::string& low, const Person& person) {
    std::size_t at = find_word(low, person.noun + "s");
    for (const char* word : {"siblings", "couple", "friends", "lovers", "twins", "strangers", "children", "brothers", "sisters", "they", "both", "two"}) at = std::min(at, find_word(low, word));
    return at;
  }

  // The verb of the first clause from `from`: where it stands, or the end.
  [[nodiscard]] std::size_t verb_at(const std::vector<Token>& tokens, std::size_t from, bool needs_subject) const {
    for (std::size_t i = from; i < tokens.size(); ++i) {
      const auto verb = verb_of(tokens[i].low);
      const bool is = tokens[i].low == "is" || tokens[i].low == "are" || tokens[i].low == "has" || tokens[i].low == "was" || tokens[i].low == "were";
      const bool after_pronoun = i > from && has_any_word(tokens[i - 1].low, "he she it") && tokens[i].low.ends_with("s") && tokens[i].low.size() > 3;
      if (!verb && !is && !after_pronoun) continue;
      if (i == from && needs_subject) continue;
      const std::string before = i > from ? tokens[i - 1].low : std::string();
      if (has_any_word(before, "a an the her his their its this that of in on at with to by for from my our one last first every no old new")) continue;
      if (verb && verb->form == VerbForm::participle && i == from) continue;
      // "the abandoned park", "rusted train": a past form before a noun is a description
      if (verb && verb->form == VerbForm::past && i + 1 < tokens.size() && i == from + 1 && has_any_word(before, "a an the")) continue;
      if (verb && verb->form == VerbForm::base && !plural_subject(tokens, from, i)) continue;
      return i;
    }
    return tokens.size();
  }

  [[nodiscard]] bool plural_subject(const std::vector<Token>& tokens, std::size_t from, std::size_t verb) const {
    if (verb == from) return false;
    const std::string low = lower(joined(tokens, from, verb));
    if (const auto who = people_in(low); who.size() == 1 && !people_[who.front()].grouped) return false;
    return has_any_word(low, "they we two three both siblings friends couple lovers twins strangers children people brothers sisters") ||
           (tokens[verb - 1].low.ends_with("s") && !tokens[verb - 1].low.ends_with("ss")) || (people_in(low).size() > 1 && has_word(low, "and"));
  }

  void read_clauses(const std::vector<Token>& tokens, const Event& frame) {
    std::size_t from = 0;
    bool first = true;
    while (from < tokens.size() && events_.size() < events_max) {
      while (from < tokens.size() && has_any_word(tokens[from].low, "then and finally suddenly meanwhile later next but so until when while as after before together now once slowly quietly soon there here today tonight again still")) ++from;
      if (from >= tokens.size()) return;
      const std::size_t end = clause_end(tokens, from);
      Event event = frame;
      if (!first) event.shot.reset();
      if (make(tokens, from, end, event)) events_.push_back(std::move(event)), first = false;
      from = end;
    }
  }

  // A clause runs to the next word that starts another one with a verb of its own.
  [[nodiscard]] std::size_t clause_end(const std::vector<Token>& tokens, std::size_t from) const {
    for (std::size_t i = from + 2; i < tokens.size(); ++i) {
      const bool joins = has_any_word(tokens[i].low, "then until while when before after where as but");
      const bool listed = tokens[i].low == "and" || tokens[i - 1].comma;
      if (!joins && !listed) continue;
      const std::size_t next = i + (joins || tokens[i].low == "and" ? 1 : 0);
      if (next >= tokens.size()) continue;
      std::size_t start = next;
      if (start < tokens.size() && has_any_word(tokens[start].low, "then finally and")) ++start;
      if (start >= tokens.size()) continue;
      if (const auto verb = verb_of(tokens[start].low); verb && (verb->form == VerbForm::third || verb->form == VerbForm::past) && first_verb(tokens, from) < i) return i;
      if (const auto verb = verb_of(tokens[start].low); verb && verb->form == VerbForm::base && listed && plural_before(tokens, from, i)) return i;
      const std::size_t verb = verb_at(tokens, start, true);
      if (verb < tokens.size() && verb <= start + 8 && first_verb(tokens, from) < i) return i;
    }
    return tokens.size();
  }

  // A clause that goes on with the subject before it opens with its verb.
  [[nodiscard]] std::size_t first_verb(const std::vector<Token>& tokens, std::size_t from) const {
    const auto verb = verb_of(tokens[from].low);
    const bool opens = verb && (verb->form == VerbForm::third || verb->form == VerbForm::past);
    return opens ? from : verb_at(tokens, from, true);
  }

  [[nodiscard]] bool plural_before(const std::vector<Token>& tokens, std::size_t from, std::size_t to) const {
    const std::size_t verb = verb_at(tokens, from, true);
    return verb < to && plural_subject(tokens, from, verb);
  }

  bool make(const std::vector<Token>& tokens, std::size_t from, std::size_t end, Event& event) {
    const bool bare = verb_of(tokens[from].low) && verb_of(tokens[from].low)->form != VerbForm::participle && (verb_of(tokens[from].low)->form != VerbForm::base || plural_);
    const bool inherits = bare && !subject_.empty() && !events_.empty();
    const std::size_t verb = inherits ? from : verb_at(tokens, from, true);
    if (verb >= end) return false;
    if (!inherits && !set_subject(tokens, from, verb)) return false;
    std::string predicate = told(tokens, verb, end);
    if (predicate.empty()) return false;
    event.text = subject_ + " " + predicate;
    set_place(predicate);
    event.setting = setting_;
    event.who = subject_people_;
    if (event.who.empty())  // "Drones chase him": he is in the picture
      for (std::size_t i = 0; i < people_.size(); ++i)
        if (has_any_word(lower(predicate), people_[i].gender == Gender::woman ? "her" : people_[i].gender == Gender::man ? "him" : "them") && event.who.empty()) event.who.push_back(i);
    for (const std::size_t other : people_in(lower(predicate)))
      if (std::ranges::find(event.who, other) == event.who.end()) event.who.push_back(other);
    event.thing = object_of(tokens, verb + 1, end);
    return split(event.text, ' ').size() >= 2;
  }

  bool set_subject(const std::vector<Token>& tokens, std::size_t from, std::size_t verb) {
    std::string subject = joined(tokens, from, verb);
    if (const auto who = subject.find(" who"); who != std::string::npos && who + 4 == subject.size()) subject.resize(who);
    const std::string low = lower(subject);
    const auto form = verb_of(tokens[verb].low);
    plural_ = plural_subject(tokens, from, verb) && !(form && form->form == VerbForm::third);
    // "At dawn they ...", "After the storm, the boy ...": what stands before the subject says when or where.
    if (verb - from > 1 && has_any_word(tokens[verb - 1].low, "she he it they i we you")) return pronoun(tokens[verb - 1].low);
    if (has_any_word(tokens[from].low, "at in on after before by under near inside outside during from with behind across one"))
      for (std::size_t i = from; i + 1 < verb; ++i)
        if (tokens[i].comma) return set_subject(tokens, i + 1, verb);
    if (low == "she" || low == "he" || low == "it" || low == "they" || low == "i" || low == "we" || low == "you") return pronoun(low);
    if (verb - from > 8) return false;
    const auto who = people_in(low);
    subject_people_ = who;
    if (who.size() == 1 && !has_word(low, "of") && !has_word(low, "'s") && low.find("'s") == std::string::npos) subject_ = people_[who.front()].label;
    else if (who.empty() && !has_any_word(tokens[from].low, "a an the two three one her his their its some every all many") && !(plural_ && verb - from <= 2 && tokens[verb - 1].low.ends_with("s"))) return false;
    else subject_ = tokens[from].low == tokens[from].word || has_any_word(tokens[from].low, "a an the two three one her his their") ? lower(subject.substr(0, 1)) + subject.substr(1) : subject;
    if (who.size() > 1 && people_[who.front()].grouped) subject_ = "the " + group_word(low);
    return true;
  }

  static std::string group_word(const std::string& low) {
    for (const std::string& word : split_words(low))
      if (word.ends_with("s") || word == "children" || word == "couple" || word == "people") return word;
    return "two";
  }

  bool pronoun(const std::string& low) {
    if (low == "they" || low == "we") {
      std::vector<std::size_t> grouped;
      for (std::size_t i = 0; i < people_.size(); ++i)
        if (people_[i].grouped || people_.size() == 2) grouped.push_back(i);
      if (grouped.size() < 2) return !subject_.empty();
      subject_people_ = grouped;
      subject_ = "the two of them";
      plural_ = true;
      return true;
    }
    const Gender wanted = low == "she" ? Gender::woman : low == "he" ? Gender::man : Gender::creature;
    if (low == "i" || low == "you") {
      subject_people_ = {0};
      subject_ = people_.front().label;
      return true;
    }
    for (const std::size_t who : subject_people_)
      if (people_[who].gender == wanted) return true;
    for (std::size_t i = 0; i < people_.size(); ++i)
      if (people_[i].gender == wanted) {
        subject_people_ = {i};
        subject_ = people_[i].label;
        return true;
      }
    return !subject_.empty();
  }

  // The predicate in the present tense: "walked home" -> "walks home", "is running" -> "runs".
  [[nodiscard]] std::string told(const std::vector<Token>& tokens, std::size_t verb, std::size_t end) const {
    std::size_t at = verb;
    const std::string& low = tokens[at].low;
    const bool helper = low == "is" || low == "are" || low == "was" || low == "were";
    if (helper && at + 1 < end)
      if (const auto next = verb_of(tokens[at + 1].low); next && next->form == VerbForm::participle) ++at;
    const auto found = verb_of(tokens[at].low);
    std::string head = found ? (plural_ ? found->base : third_person(found->base)) : low == "was" ? "is" : low == "were" ? "are" : low;
    std::string rest = joined(tokens, at + 1, end);
    // A second verb joined by "and" follows the first into the present.
    for (const std::string& word : split_words(rest))
      if (const auto past = verb_of(lower(word)); past && past->form == VerbForm::past && has_word(lower(rest), "and " + lower(word)))
        rest.replace(lower(rest).find("and " + lower(word)), 4 + word.size(), "and " + (plural_ ? past->base : third_person(past->base)));
    while (!rest.empty() && (rest.ends_with(" and") || rest.ends_with(","))) rest.resize(rest.size() - (rest.back() == ',' ? 1 : 4));
    return rest.empty() ? head : head + " " + rest;
  }

  // The noun phrase right after the verb: "the harbor lamp".
  [[nodiscard]] static std::string object_of(const std::vector<Token>& tokens, std::size_t from, std::size_t end) {
    while (from < end && has_any_word(tokens[from].low, "up down out off on in into at for after through along with from to")) ++from;
    if (from >= end || !has_any_word(tokens[from].low, "a an the her his their its")) return {};
    std::size_t at = from + 1;
    while (at < end && at < from + 5 && !has_any_word(tokens[at].low, "in on at of to by for from with without into over under through along until before after one that which who and as while a an the her his their its when where like inside near across")) {
      if (verb_of(tokens[at].low) && at > from + 1 && verb_of(tokens[at].low)->form != VerbForm::base) break;
      if (tokens[at++].comma) break;
    }
    if (at == from + 1) return {};
    const std::string noun = lower(joined(tokens, from + 1, at));
    return (has_any_word(tokens[from].low, "a an") ? "the " : tokens[from].low + " ") + noun;
  }

  void make_one(std::size_t before, const std::string& text, const Event& frame) {
    std::string thing;
    for (std::size_t i = before; i < events_.size(); ++i)
      if (thing.empty()) thing = events_[i].thing;
    events_.resize(before);
    Event event = frame;
    event.text = text;
    event.who = people_in(lower(text));
    for (std::size_t i = 0; i < people_.size(); ++i) {
      const Gender gender = people_[i].gender;
      const bool meant = has_any_word(lower(text), gender == Gender::woman ? "she her" : gender == Gender::man ? "he him his" : "they them");
      if (meant && std::ranges::find(event.who, i) == event.who.end()) event.who.push_back(i);
    }
    if (event.who.empty() && has_any_word(lower(text), "he she him her they them his")) event.who = {0};
    event.thing = thing;
    if (!event.text.empty()) events_.push_back(std::move(event));
  }

  const std::vector<Person>& people_;
  const std::vector<Setting>& settings_;
  std::vector<Event>& events_;
  std::size_t setting_ = 0;
  std::string subject_;
  std::vector<std::size_t> subject_people_;
  bool plural_ = false;
};

}  // namespace

std::vector<Event> read_events(const PromptText& text, const std::vector<Person>& people, const std::vector<Setting>& settings) {
  std::vector<Event> events;
  if (text.is_lyric) return events;  // a song's lines are sung, not done
  ClauseReader reader(people, settings, events);
  for (const std::string& line : text.sentences) {
    if (events.size() >= events_max) break;
    reader.read(line, text.is_list);
  }
  return events;
}

}  // namespace film::story
