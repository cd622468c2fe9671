#include "film/art/environment.h"

#include <array>

#include "film/art/scenery.h"

namespace film::art {
namespace {

struct Entry {
  Place place;
  const char* name;
  const char* words;
  bool indoors;
};

// Order is precedence between places whose words may occur together ("church in the forest"): special before general.
constexpr std::array entries{
    Entry{Place::ship, "ship", "spaceship spacecraft starship airlock cockpit shuttle space_station submarine capsule spacesuit_bay command_deck", true},
    Entry{Place::space, "space", "space orbit lunar moon_surface asteroid nebula galaxy planet mars cosmos moon_base", false},
    Entry{Place::lab, "lab", "lab laboratory reactor server observatory control_room bunker", true},
    Entry{Place::hospital, "hospital", "hospital clinic ward infirmary operating", true},
    Entry{Place::church, "church", "church cathedral chapel temple monastery abbey shrine mosque", true},
    Entry{Place::stage_hall, "stage", "concert_hall stage theater theatre auditorium opera concert recital ballroom cabaret", true},
    Entry{Place::crowd, "crowd", "arena stadium crowd festival rave protest parade club nightclub dance_floor", false},
    Entry{Place::cafe, "café", "cafe café bar diner restaurant pub tavern bistro coffee saloon", true},
    Entry{Place::workshop, "workshop", "workshop garage studio atelier barn shed factory warehouse forge attic basement cellar", true},
    Entry{Place::vehicle, "vehicle", "car_interior inside_car inside_the_car vehicle_interior truck_cab train_interior bus_interior backseat dashboard taxi_interior taxi bus cab", true},
    Entry{Place::station, "station", "station platform railway subway metro terminal airport", false},
    Entry{Place::corridor, "corridor", "corridor hallway hall tunnel passage stairwell staircase lobby", true},
    Entry{Place::harbor, "harbor", "harbor harbour port pier dock quay wharf jetty marina lighthouse waterfront", false},
    Entry{Place::alley, "alley", "alley alleyway backstreet back_alley lane_way", false},
    Entry{Place::bridge, "bridge", "bridge overpass viaduct", false},
    Entry{Place::skyline, "skyline", "rooftop skyline roof balcony penthouse terrace", false},
    Entry{Place::street, "street", "street city downtown avenue boulevard market district square town village plaza crosswalk urban neighborhood", false},
    Entry{Place::road, "road", "road highway roadside motel gas_station petrol freeway crossroads route", false},
    Entry{Place::desert, "desert", "desert dune mesa canyon wasteland salt_flat badlands", false},
    Entry{Place::snowfield, "snowfield", "snowfield tundra arctic glacier ice snowy frozen snow", false},
    Entry{Place::forest, "forest", "forest wood woods jungle grove woodland trees orchard swamp park garden", false},
    Entry{Place::mountain, "mountain", "mountain peak summit cliff ridge valley hill alpine ravine", false},
    Entry{Place::sea, "sea", "sea ocean beach coast shore boat ship lake river island bay waves", false},
    Entry{Place::field, "field", "field meadow farm prairie grassland countryside plain vineyard cemetery steppe pasture", false},
    Entry{Place::room, "room", "room apartment bedroom kitchen house home office library interior living_room cabin hotel school classroom shop store museum gallery prison cell palace castle", true},
    Entry{Place::abstract_shapes, "abstract", "abstract void dream limbo nowhere memory surreal mind", false},
};

const Entry& entry_of(Place place) {
  for (const Entry& entry : entries)
    if (entry.place == place) return entry;
  return entries.back();
}

const Entry* best_match(const Words& words) {
  for (const Entry& entry : entries)
    if (words.has(entry.words)) return &entry;
  return nullptr;
}

Framing framing_of(const Stage& stage, Place place) {
  Dice dice(stage.shot_seed, "framing choice");
  if (stage.scene->shot == ShotType::ecu || dice.chance(0.35)) return Framing::none;
  switch (place) {
    case Place::harbor: case Place::sea: return dice.chance(0.5) ? Framing::rigging : Framing::rocks;
    case Place::forest: return Framing::leaves;
    case Place::mountain: return dice.chance(0.5) ? Framing::rocks : Framing::branch;
    case Place::desert: case Place::road: return Framing::rocks;
    case Place::field: case Place::snowfield: return dice.chance(0.5) ? Framing::grass : Framing::branch;
    case Place::street: case Place::alley: case Place::station: return dice.chance(0.5) ? Framing::wall : Framing::pipes;
    case Place::skyline: case Place::bridge: return Framing::pipes;
    case Place::stage_hall: return dice.chance(0.5) ? Framing::curtain : Framing::none;
    case Place::crowd: return Framing::heads;
    case Place::ship: case Place::lab: case Place::workshop: return Framing::pipes;
    case Place::room: case Place::corridor: case Place::cafe: case Place::church: case Place::hospital: return Framing::doorway;
    case Place::space: case Place::vehicle: case Place::abstract_shapes: return Framing::none;
  }
  return Framing::none;
}

}  // namespace

Place place_of(const Location* location, const Scene* scene) {
  if (location != nullptr) {
    // The type and the name are what the author calls the place; its description may mention others. A type such as
    // "interior" says only whether there is a ceiling.
    const Words type{location->type.value_or("")};
    Words rest{location->name};
    rest.add(location->description);
    const Entry* const closer = best_match(rest);
    if (const Entry* entry = best_match(type); entry != nullptr && (entry->place != Place::room || closer == nullptr || !closer->indoors))
      return entry->place;
    if (closer != nullptr) return closer->place;
    if (const Entry* entry = best_match(Words{location->architecture.value_or("")})) return entry->place;
  }
  if (scene != nullptr)
    if (const Entry* entry = best_match(Words{scene->description})) return entry->place;
  return Place::abstract_shapes;
}

bool is_indoors(Place place) { return entry_of(place).indoors; }
const char* name_of(Place place) { return entry_of(place).name; }

void paint_behind(Stage& stage, Place place) {
  switch (place) {
    case Place::harbor: case Place::sea: return paint_coast(stage, place);
    case Place::forest: case Place::mountain: case Place::desert: case Place::field: case Place::snowfield: case Place::road:
      return paint_land(stage, place);
    case Place::street: case Place::skyline: case Place::alley: case Place::bridge: case Place::station:
      return paint_city(stage, place);
    case Place::room: case Place::corridor: case Place::cafe: case Place::stage_hall: case Place::workshop: case Place::church:
    case Place::hospital:
      return paint_interior(stage, place);
    case Place::vehicle: case Place::space: case Place::ship: case Place::lab: return paint_vessel(stage, place);
    case Place::crowd: case Place::abstract_shapes: return paint_gathering(stage, place);
  }
}

void paint_before(Stage& stage, Place place) { paint_framing(stage, framing_of(stage, place)); }

}  // namespace film::art
