from echo_agent.memory.recent import Recent


def test_what_was_used_last_is_kept_and_the_rest_is_made_anew():
    recent, made = Recent(2), []

    def get(key):
        return recent.get(key, lambda: made.append(key) or key.upper())

    assert [get(key) for key in "abab"] == ["A", "B", "A", "B"]
    get("a"), get("c"), get("a"), get("b")
    assert made == ["a", "b", "c", "b"]


def test_heavy_things_push_out_more_and_the_last_one_stays():
    recent = Recent(10, len)
    for thing in ("abc", "defg", "hij"):
        recent.put(thing[0], thing)
    assert [key in recent for key in "adh"] == [True, True, True]
    recent.put("a", "a")
    recent.put("k", "kl")
    assert [key in recent for key in "dhak"] == [True, True, True, True]
    recent.put("m", "m" * 20)
    assert [key in recent for key in "dhakm"] == [False, False, False, False, True]
