"""The notebooks, as jupytext sources: thin, parametrised, each calls one step and draws what came back."""
