"""What a persona's text tells about it: flaws, language, how finely it is drawn, whom texts seldom speak of."""
