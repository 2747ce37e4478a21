"""The assistant under test: a model, a function or a LangGraph graph, its tools, and checks of what came of it."""
