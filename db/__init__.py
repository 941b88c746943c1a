"""The database: tables, stores, queries, migrations, imports and exports."""
