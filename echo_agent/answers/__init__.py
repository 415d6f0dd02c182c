"""One classifier of questions and one engine of answers, for the graph, the chat and the benchmark."""
