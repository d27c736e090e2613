"""From bytes to text: how they are packed and in which encoding they are written."""
