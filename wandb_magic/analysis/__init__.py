"""What a sweep's results say."""
