"""From an upload to a table: CSV and its kin, JSON, Excel, Parquet; no row is lost, every column understood."""
