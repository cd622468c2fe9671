#include "film/deliver/shot_list.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "film/deliver/sample_test.h"

using namespace film::deliver;

TEST_SUITE("shot_list") {
  TEST_CASE("fields are quoted as RFC 4180 says and formulas are defused") {
    CHECK(csv_field("plain") == "plain");
    CHECK(csv_field("a,b") == "\"a,b\"");
    CHECK(csv_field("say \"cut\"") == "\"say \"\"cut\"\"\"");
    CHECK(csv_field("two\nlines") == "\"two\nlines\"");
    CHECK(csv_field("=1+1") == "'=1+1");
    CHECK(csv_field("+1") == "'+1");
    CHECK(csv_field("-1") == "'-1");
    CHECK(csv_field("@sum,x") == "\"'@sum,x\"");
    CHECK(csv_field("") == "");
  }

  TEST_CASE("each scene is a row and the records abut") {
    film::Plan plan = sample::plan(3);
    plan.scenes[1].description = "=HYPERLINK(\"x\")";
    plan.scenes[1].lyrics.clear();
    Delivery delivery = sample::delivery(plan, 32);
    const std::string csv = shot_list_csv(delivery);
    CHECK(std::ranges::count(csv, '\r') == 4);
    CHECK(csv.starts_with("scene,timecode_in,timecode_out,frames,length,size,"));
    CHECK(csv.find("SC000,01:00:00:00,01:00:02:12,60,2s+12,WS,Low Angle,Track Right,Dissolve,Old harbor,") !=
          std::string::npos);
    CHECK(csv.find("SC001,01:00:02:12,") != std::string::npos);
    CHECK(csv.find("\"'=HYPERLINK(\"\"x\"\")\"") != std::string::npos);
  }
}
