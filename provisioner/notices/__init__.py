"""Who is told of what happened, and how: by mail or another channel of their choice."""
