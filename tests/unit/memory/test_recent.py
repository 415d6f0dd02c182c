from echo_agent.memory.recent import Recent


def test_what_was_used_last_is_kept_and_the_rest_is_made_anew():
    recent, made = Recent(2), []

    def get(key):
        return recent.get(key, lambda: made.append(key) or key.upper())

    assert [get(key) for key in "abab"] == ["A", "B", "A", "B"]
    get("a"), get("c"), get("a"), get("b")
    assert made == ["a", "b", "c", "b"]
