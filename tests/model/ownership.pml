/* Who may write a film: the protocol of docs/protocols/ownership.md, checked by `tests/model/check`.
 *
 * Two workers, two tiers, one crash, one partition (any set of links, cut at one moment and healed at a later one), one
 * worker that is away for longer than a term and wakes with its old knowledge. Every line below is one step that others
 * may come between. A commit is a number; its hash is that number, so two commits of equal (epoch, seq) are two numbers.
 *
 * Versions for compare-and-set are not counted: `fresh2[w]` says whether the version of state.json that worker w
 * remembers is still the stored one; any write by another makes it false. That is compare-and-set exactly, and finite.
 *
 * The macros DROP_* break one rule each; `check` wants every one of them caught.
 */
#ifndef COMMITS
#define COMMITS 6
#endif
#ifndef EPOCHS
#define EPOCHS 4
#endif

#ifdef DROP_ACQUIRE
#define holds_lease (db_owner == me || true)
#else
#define holds_lease (db_owner == me)
#endif

#define NONE 2
#define bit(c) (1 << (c))
#define WRITTEN 1 /* verdicts */
#define TAKEN 2
#define AGAIN 3
#define STOP 4
#define FORK 5
#define T1 0
#define T2 1

/* --- commits: what is on disk under a number -------------------------------------------------------------------- */
byte made = 0;
byte epoch[COMMITS + 1];
byte seq[COMMITS + 1];
byte term[COMMITS + 1]; /* the first commit of its epoch, whose hash each document of that epoch and its heirs names */
byte line[COMMITS + 1]; /* the truth that no worker can see: the commits it stands on, and itself */
byte acknowledged = 0;  /* a set */
byte takeovers = 0;     /* the set of commits made in step 3 of a takeover: they change nothing */

/* --- tier 1: the database ------------------------------------------------------------------------------------------ */
byte db_epoch = 0, db_owner = NONE, db_life = 0, db_head = 0;

/* --- tier 2: the object store -------------------------------------------------------------------------------------- */
byte state_json = 0; /* the commit that state.json holds */
byte snapshots = 0;  /* the set of state/<epoch>-<seq>.json */
byte lease_epoch = 0, lease_owner = NONE;
bool fresh2[2], fresh_lease[2];

/* --- the world ----------------------------------------------------------------------------------------------------- */
byte cut = 0; /* a bit for each link that is down: worker * 2 + tier */
byte life[2];
bool holds[2]; /* holds a lease, or thinks so: it beats or publishes at least every third of a term */
bool away[2];   /* may be absent for longer than a term at any time from now on */
byte crash = NONE;
bool done[2];
bool blind = false; /* a worker took over that could not see one of the tiers */

hidden byte i, j; /* used within one d_step only: no part of the state */
hidden byte yes, also;

/* One rule each, and what is left of it in a mutation. */
#ifdef DROP_TERM
#define same_term(x, y) true
#else
#define same_term(x, y) (term[x] == term[y])
#endif
#ifdef DROP_BESIDE
#define goes_on(x) true
#else /* from state.json, and on one line with tier 1: lies_on, which is proved to say this */
#define goes_on(x) ((state_json == 0 || (line[x] & bit(state_json))) && \
                    (seen1 == 0 || (line[x] & bit(seen1)) || (line[seen1] & bit(x))))
#endif
#ifdef DROP_EPOCH
#define is_fenced(mine) false
#else
#define is_fenced(mine) (db_epoch != (mine))
#endif
#ifdef NO_FORK /* shows whether a fork can come at all, with CUT and the like */
#define may_fork false
#else
#define may_fork blind
#endif
#ifdef DROP_BARE
#define stands_for_less(x, y) false
#else /* a bare takeover commit, on a commit of the other's line: its worker died before anybody was told of it */
#define stands_for_less(x, y) ((takeovers & bit(x)) != 0 && (line[x] & ~bit(x) & ~line[y]) == 0)
#endif
#ifdef DROP_ABSENCE
#define may_skip_tier2 true
#else
#define may_skip_tier2 (chosen != 0)
#endif
#define is_gone(w) (!holds[w] || away[w] || !up(w, T2)) /* no beat and no publication for a full term */
#ifdef DROP_OBSERVE
#define seems_gone(w) true
#else
#define seems_gone(w) is_gone(w)
#endif

#define up(w, t) ((cut & bit((w) * 2 + (t))) == 0)
#define is_newer(a, b) (epoch[a] > epoch[b] || (epoch[a] == epoch[b] && seq[a] > seq[b]))
#define stands_on(c, set) (((set) & ~line[c]) == 0)

/* Does head x lie on the line of document y, as far as y's lineage tells? To be called within a d_step. */
inline lies_on(x, y, answer) {
  answer = (x == 0);
#ifdef DROP_LINEAGE
  answer = answer || (y != 0 && !is_newer(x, y));
#endif
  i = 1;
  do
  :: i <= made && y != 0 ->
     if
     :: (line[y] & bit(i)) && epoch[i] == epoch[x] && seq[x] <= seq[i] && same_term(i, x) -> answer = true
     :: else
     fi;
     i++
  :: else -> break
  od;
#if !defined(DROP_LINEAGE) && !defined(DROP_TERM)
  assert(answer == (x == 0 || (y != 0 && (line[y] & bit(x)) != 0))); /* the rule says the truth */
#endif
  i = 0
}

inline make_commit(c, its_epoch, parent) {
  d_step {
    made++;
    c = made;
    epoch[c] = its_epoch;
    seq[c] = seq[parent] + 1;
    line[c] = line[parent] | bit(c);
    term[c] = (epoch[parent] == its_epoch && parent != 0 -> term[parent] : c)
  }
}

#define assert_kept() assert((acknowledged & ~(line[db_head] | line[state_json])) == 0)

/* Laws 1 to 3 at the moment somebody is told "it is safe". */
inline acknowledge(c) {
  d_step {
    acknowledged = acknowledged | bit(c);
    /* One line holds everything: no fresh start over evidence, no older state taken, unless a takeover was blind to a
       tier. Then there may be two lines, and both are kept, which the next assertion says. */
    assert(may_fork || stands_on(db_head, acknowledged) || stands_on(state_json, acknowledged));
    assert_kept()
  }
}

/* state.json <- c, by compare-and-set. On a conflict, what is there decides. */
inline swap_state(c) {
  d_step {
#ifdef DROP_SWAP
    fresh2[me] = true;
#endif
    lies_on(state_json, c, yes);
    if
    :: fresh2[me] ->
       assert(epoch[c] >= epoch[state_json]); /* law 4 */
       state_json = c;
       fresh2[1 - me] = false;
       assert_kept();
       verdict = WRITTEN
    :: !fresh2[me] && state_json == c -> fresh2[me] = true; verdict = WRITTEN /* by us; the answer was lost */
    :: !fresh2[me] && state_json != c && yes -> fresh2[me] = true; verdict = AGAIN
    :: else -> verdict = STOP /* a newer epoch: fenced. Another line: whoever looks at both tiers next says so */
    fi;
    yes = false
  }
}

/* The newest of what tier 1, tier 2 and this worker itself hold, if all lie on one line. */
inline choose() {
  d_step {
    verdict = TAKEN;
    lies_on(seen1, seen2, yes); lies_on(seen2, seen1, also);
    if
    :: saw2 && !yes && !also && stands_for_less(seen2, seen1) -> chosen = seen1
    :: saw2 && !yes && !also && !stands_for_less(seen2, seen1) -> verdict = FORK
    :: saw2 && yes -> chosen = seen2
    :: else -> chosen = seen1
    fi;
    lies_on(chosen, own, yes); lies_on(own, chosen, also);
    if
    :: own != 0 && !yes && !also -> verdict = FORK
    :: own != 0 && yes -> chosen = own
    :: else
    fi;
    if
    :: verdict == FORK
#ifndef DROP_ABSENCE
    :: verdict != FORK && chosen == 0 && !saw2 -> verdict = STOP /* absent here, unreachable there: no fresh start */
#endif
#ifndef DROP_REACQUIRE
    :: verdict != FORK && saw2 && (my_epoch <= at_least || my_epoch <= epoch[chosen]) ->
       verdict = AGAIN; /* tier 2 knows an epoch that is not below ours */
       at_least = (at_least > epoch[chosen] -> at_least : epoch[chosen])
#endif
    :: else
    fi;
    seen2 = 0; yes = false; also = false;
    if
    :: verdict != AGAIN -> at_least = 0
    :: else
    fi;
    if
    :: verdict != TAKEN -> chosen = 0
    :: else
    fi
  }
}

/* What a reader of tier 2 takes: state.json, or the newest snapshot beside it that goes on from it. A snapshot whose
   state.json never came is no evidence of another line: nobody was told of it. */
inline read_tier2(c) {
  d_step {
    c = state_json;
    fresh2[me] = true;
    j = 1;
    do
    :: j <= made ->
       if
       :: (snapshots & bit(j)) && (c == 0 || is_newer(j, c)) && goes_on(j) -> c = j
       :: else
       fi;
       j++
    :: else -> break
    od;
    j = 0
  }
}

#define lease_may_be_taken(owner, its_life, tier) \
  ((owner) == NONE || (owner) == me || life[owner] != (its_life) || away[owner] || !up(owner, tier))

#define out_of_numbers (made == COMMITS || db_epoch >= EPOCHS || lease_epoch >= EPOCHS)

proctype Worker(byte me) {
  byte my_epoch = 0, head = 0, own = 0, pending = 0, publishing = 0;
  byte at_least = 0, seen1 = 0, seen2 = 0, chosen = 0, verdict = 0;
  bool saw2 = false, in_tier1 = false, was_gone = false;

  {
#ifdef ABSENT
    skip;
#else
    if :: me == 0 && life[0] == 0 && holds[0] -> my_epoch = 1; head = 1; in_tier1 = true; goto running :: else fi;
#endif
start:
    atomic {
      holds[me] = false; fresh2[me] = false; fresh_lease[me] = false; my_epoch = 0; head = 0; own = 0; pending = 0;
      publishing = 0; at_least = 0; seen1 = 0; seen2 = 0; chosen = 0; saw2 = false; in_tier1 = false; was_gone = false
    }
look:
    if
    :: atomic { out_of_numbers -> goto finish }
    :: atomic { up(me, T1) ->
         if
         :: up(me, T2) -> at_least = (epoch[state_json] > lease_epoch -> epoch[state_json] : lease_epoch)
         :: else
         fi };
       goto acquire
    :: atomic { !up(me, T1) && up(me, T2) && (state_json != 0 || snapshots != 0) } ; goto observe
#ifdef DROP_ABSENCE
    :: atomic { !up(me, T1) && up(me, T2) && state_json == 0 } ; goto observe
#endif
    fi;

    /* ---- take over with tier 1 ------------------------------------------------------------------------------------ */
acquire:
    if
    :: atomic { up(me, T1) && !out_of_numbers && lease_may_be_taken(db_owner, db_life, T1) ->
#ifdef DROP_ACQUIRE
         my_epoch = (db_epoch == 0 -> 1 : db_epoch);
         if :: db_epoch == 0 -> db_epoch = 1 :: else fi;
#else
         db_epoch = (db_epoch > at_least -> db_epoch : at_least) + 1;
         db_owner = me; db_life = life[me];
         my_epoch = db_epoch;
#endif
         holds[me] = true;
         seen1 = db_head /* nobody else moves it while this epoch is the newest */ }
    :: atomic { !up(me, T1) -> goto lost_tier1 }
    :: atomic { out_of_numbers -> goto finish }
    fi;

read2:
    if
    :: atomic { up(me, T2) -> read_tier2(seen2); saw2 = true;
         at_least = (epoch[state_json] > lease_epoch -> epoch[state_json] : lease_epoch) }
    :: atomic { !up(me, T2) -> saw2 = false; seen2 = 0 }
    fi;

    atomic {
      choose();
      if
      :: verdict == FORK -> verdict = 0; goto fork
      :: verdict == AGAIN -> verdict = 0; goto acquire
      :: verdict == STOP -> verdict = 0; goto give_back
      :: verdict == TAKEN -> verdict = 0
      fi;
      if :: made == COMMITS -> goto finish :: else fi
    }

#ifdef DROP_ORDER
    goto tier1_takes;
#endif
#ifdef DROP_REBASE
    if :: own != 0 -> goto tier1_takes_ours :: else fi;
#endif
tier2_snapshot:
    if
    :: atomic { saw2 && up(me, T2) ->
         if :: made == COMMITS -> goto finish :: else fi;
         make_commit(pending, my_epoch, chosen);
         takeovers = takeovers | bit(pending);
         snapshots = snapshots | bit(pending) }
    :: atomic { (!saw2 || !up(me, T2)) && may_skip_tier2 -> saw2 = false; goto tier1_takes }
    :: atomic { !up(me, T2) && !may_skip_tier2 -> goto give_back }
    fi;
tier2_takes:
    if
    :: atomic { up(me, T2) -> swap_state(pending);
         if
         :: verdict == WRITTEN -> verdict = 0;
            if :: own != 0 -> own = pending :: else fi
         :: else -> verdict = 0; pending = 0; chosen = 0; goto read2
         fi }
    :: atomic { !up(me, T2) && may_skip_tier2 -> saw2 = false } /* unknown: the same commit goes to tier 1 */
    :: atomic { !up(me, T2) && !may_skip_tier2 -> goto give_back }
    fi;

tier1_takes:
    if
    :: atomic { up(me, T1) -> /* install, when tier 1 is behind */
         if
         :: db_epoch != my_epoch -> goto start
         :: else ->
            if :: !saw2 -> blind = true :: else fi;
            if :: chosen != 0 -> db_head = chosen :: else fi;
            assert_kept()
         fi }
    :: atomic { !up(me, T1) -> goto lost_tier1 }
    fi;
tier1_commits:
    if
    :: atomic { up(me, T1) ->
         if
         :: db_epoch != my_epoch || db_head != chosen -> goto start
         :: else ->
            assert(holds_lease);
            if
            :: pending == 0 && made == COMMITS -> goto finish
            :: pending == 0 && made < COMMITS -> make_commit(pending, my_epoch, chosen)
            :: else
            fi;
            assert(chosen != 0 || state_json == 0 || (line[state_json] & bit(pending))); /* law 2 */
            db_head = pending;
            assert_kept()
         fi }
    :: atomic { !up(me, T1) -> goto lost_tier1 }
    fi;
#ifdef DROP_ORDER
    if
    :: atomic { up(me, T1) -> acknowledge(pending) }
    :: atomic { !up(me, T1) -> goto lost_tier1 }
    fi;
    head = pending; pending = 0; in_tier1 = true;
    goto running;
#endif
    goto told;
#ifdef DROP_REBASE
tier1_takes_ours:
    if
    :: atomic { up(me, T1) && db_epoch == my_epoch -> db_head = own; chosen = own; head = own; pending = 0; in_tier1 = true; assert_kept() ; goto running }
    :: atomic { !up(me, T1) || db_epoch != my_epoch -> goto start }
    fi;
#endif

    /* ---- normal running ------------------------------------------------------------------------------------------- */
told: /* a commit is in tier 1 and its answer is on the way */
    if
    :: atomic { up(me, T1) -> acknowledge(pending); head = pending; pending = 0; in_tier1 = true; own = 0; chosen = 0;
                seen1 = 0; seen2 = 0; saw2 = false; at_least = 0 }
    :: atomic { !up(me, T1) -> goto lost_tier1 }
    fi;
running:
    if
    :: atomic { up(me, T1) && made < COMMITS ->
         if
         :: is_fenced(my_epoch) || db_head != head -> goto start
         :: else ->
            assert(my_epoch >= epoch[db_head] && my_epoch == db_epoch && holds_lease); /* law 4 */
            make_commit(pending, my_epoch, head);
            db_head = pending;
            assert_kept()
         fi };
       goto told
    :: atomic { up(me, T2) && publishing == 0 && state_json != head ->
         publishing = head; snapshots = snapshots | bit(head) };
       goto running
    :: atomic { up(me, T2) && publishing != 0 -> swap_state(publishing);
         if
         :: verdict == WRITTEN -> verdict = 0; publishing = 0
         :: verdict == AGAIN -> verdict = 0
         :: verdict == STOP -> verdict = 0; goto start
         fi };
       goto running
    :: atomic { up(me, T2) && (lease_owner != me || lease_epoch != my_epoch || fresh_lease[1 - me]) ->
         if
         :: lease_epoch > my_epoch || (lease_epoch == my_epoch && lease_owner != me) -> goto start /* fenced */
         :: else -> lease_epoch = my_epoch; lease_owner = me; fresh_lease[1 - me] = false
         fi };
       goto progress_beat
    :: atomic { !up(me, T1) -> publishing = 0; goto lost_tier1 }
    :: atomic { state_json == head || !up(me, T2) -> goto finish } /* stop: published, then given back */
    fi;

progress_beat: /* beats may go on for ever; nothing else may */
    skip; goto running;

    /* ---- degraded: tier 1 does not answer ----------------------------------------------------------------------------- */
lost_tier1:
    atomic {
      if
      :: !in_tier1 && own == 0 -> goto start /* in the middle of a takeover: nothing is ours yet */
      :: in_tier1 || own != 0
      fi;
      if :: own == 0 -> own = head :: else fi;
      in_tier1 = false; head = own; publishing = 0; chosen = 0; seen1 = 0; seen2 = 0; saw2 = false; at_least = 0
    };
degraded:
    if
    :: atomic { up(me, T2) && pending != 0 -> snapshots = snapshots | bit(pending) }; goto degraded_swap
    :: atomic { up(me, T2) && pending == 0 && made < COMMITS ->
         make_commit(pending, my_epoch, own); snapshots = snapshots | bit(pending) }; goto degraded_swap
    :: atomic { up(me, T1) -> at_least = my_epoch; goto rebase }
    :: atomic { up(me, T2) && (lease_owner != me || lease_epoch != my_epoch || fresh_lease[1 - me]) ->
         if
         :: lease_epoch > my_epoch || (lease_epoch == my_epoch && lease_owner != me) -> goto start
         :: else -> lease_epoch = my_epoch; lease_owner = me; fresh_lease[1 - me] = false
         fi };
       goto progress_beat_degraded
    :: atomic { up(me, T2) && pending == 0 && state_json != own -> pending = own }; goto degraded
    :: atomic { (pending == 0 && state_json == own) || !up(me, T2) -> goto finish } /* stop: published */
    fi;
progress_beat_degraded:
    skip; goto degraded;

degraded_swap:
    if
    :: atomic { up(me, T2) -> swap_state(pending);
         if
         :: verdict == WRITTEN -> verdict = 0
         :: verdict == AGAIN -> verdict = 0; goto degraded_swap
         :: verdict == STOP -> verdict = 0; goto start
         fi }
    :: atomic { !up(me, T2) -> goto degraded }
    fi;
    if
    :: atomic { up(me, T2) -> acknowledge(pending); own = pending; head = pending; pending = 0 }
    :: atomic { !up(me, T2) }
    fi;
    goto degraded;

rebase: /* tier 1 is back: our own state, with what we tried to write last, takes part in an ordinary takeover */
    atomic { if :: pending != 0 -> own = pending; pending = 0 :: else fi; goto acquire };

    /* ---- take over without tier 1 --------------------------------------------------------------------------------- */
observe:
    if
    :: atomic { up(me, T2) && seems_gone(1 - me) -> fresh_lease[me] = true; was_gone = is_gone(1 - me) }
    :: atomic { up(me, T1) || !up(me, T2) -> goto start }
    fi;
claim:
    if
    :: atomic { up(me, T2) && !out_of_numbers ->
         if
         :: fresh_lease[me] ->
            lease_epoch = (lease_epoch > epoch[state_json] -> lease_epoch : epoch[state_json]) + 1;
            lease_owner = me; fresh_lease[1 - me] = false;
            my_epoch = lease_epoch; holds[me] = true
         :: else -> goto start
         fi }
    :: atomic { !up(me, T2) -> goto start }
    :: atomic { out_of_numbers -> goto finish }
    fi;
claimed:
    if
    :: atomic { up(me, T2) -> read_tier2(chosen);
         if
         :: made == COMMITS -> goto finish
         :: made < COMMITS && epoch[chosen] >= my_epoch -> goto start
         :: made < COMMITS && epoch[chosen] < my_epoch ->
            make_commit(pending, my_epoch, chosen); snapshots = snapshots | bit(pending)
         fi }
    :: atomic { !up(me, T2) -> goto start }
    fi;
    if
    :: atomic { up(me, T2) -> swap_state(pending);
         if
         :: verdict == WRITTEN -> verdict = 0;
            assert(chosen != 0 || db_head == 0); /* law 2 */
            blind = blind || was_gone; was_gone = false
         :: else -> verdict = 0; pending = 0; chosen = 0; goto claimed
         fi }
    :: atomic { !up(me, T2) -> goto start }
    fi;
    if
    :: atomic { up(me, T2) -> acknowledge(pending); own = pending; head = pending; pending = 0; chosen = 0 }
    :: atomic { !up(me, T2) -> goto start }
    fi;
    goto degraded;

give_back: /* no start from nothing without tier 2's word */
    atomic {
      if :: up(me, T1) && db_epoch == my_epoch && db_owner == me -> db_owner = NONE :: else fi;
      holds[me] = false
    };
    atomic { up(me, T2) -> goto start };

fork:
    atomic { assert(may_fork); goto finish };

finish:
    atomic {
      holds[me] = false; fresh2[me] = false; fresh_lease[me] = false; my_epoch = 0; head = 0; own = 0; pending = 0;
      publishing = 0; at_least = 0; seen1 = 0; seen2 = 0; chosen = 0; saw2 = false; in_tier1 = false; was_gone = false;
      if :: up(me, T1) && db_owner == me -> db_owner = NONE :: else fi;
      life[me]++; /* whatever lease is left has a dead owner */
      done[me] = true
    };
end: false
  } unless {
    atomic { crash == me -> crash = NONE; life[me]++; holds[me] = false; goto start }
  }
}

/* One partition, one crash, one absence: each at any moment, or never. */
proctype World() {
  byte which = 0, victim = 0;
  bool crashed = false, was_cut = false, was_away = false;
  do
  :: atomic { !was_cut && !(done[0] && done[1]) ->
#ifdef CUT
       which = CUT;
#else
       select(which : 1 .. 15);
#endif
#ifdef NO_FORK
#ifndef CUT /* each tier is seen by one worker only: the cut that no rule can make harmless */
       if :: (which & 9) == 9 || (which & 6) == 6 -> which = 0 :: else fi;
#endif
#endif
       cut = which; which = 0; was_cut = true }
  :: atomic { cut != 0 -> cut = 0 }
#ifndef NO_CRASH
  :: atomic { !crashed && !done[0] -> crash = 0; crashed = true }
  :: atomic { !crashed && !done[1] -> crash = 1; crashed = true }
#endif
#ifndef NO_AWAY
  :: atomic { !was_away && !done[0] -> away[0] = true; was_away = true } /* one of two alike */
#endif
  :: atomic { done[0] && done[1] && cut == 0 -> break }
  od;
  skip;
  /* The end: whoever looks next sees one line that holds everything acknowledged, or a fork. */
  d_step {
    lies_on(db_head, state_json, yes);
    lies_on(state_json, db_head, also);
    assert(!yes || stands_on(state_json, acknowledged));
    assert(!also || stands_on(db_head, acknowledged));
    assert(yes || also || stands_for_less(state_json, db_head) || may_fork)
  }
}

init {
  atomic {
#ifndef ABSENT
    /* Worker 0 owns a film that both tiers hold. With ABSENT: nobody does, there is none. */
    made = 1; epoch[1] = 1; seq[1] = 1; line[1] = bit(1); term[1] = 1; acknowledged = bit(1);
    db_epoch = 1; db_owner = 0; db_head = 1; state_json = 1; snapshots = bit(1);
    lease_epoch = 1; lease_owner = 0; fresh2[0] = true; holds[0] = true;
#endif
    run Worker(0); run Worker(1); run World()
  }
}
