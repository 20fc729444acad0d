/**
 * The base line of the benchmark: runs one SQL statement on the data engine, as a program and nothing else.
 * usage: group_by SQL    prints the seconds between asking and having the result, and its rows.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <duckdb.h>

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int count, char **words)
{
    duckdb_database database = NULL;
    duckdb_connection connection = NULL;
    duckdb_result result;
    int status = 1;
    if (count != 2) {
        fputs("usage: group_by SQL\n", stderr);
        return 2;
    }
    if (duckdb_open(NULL, &database) != DuckDBSuccess)
        return 1;
    if (duckdb_connect(database, &connection) == DuckDBSuccess) {
        double start = seconds_now();
        if (duckdb_query(connection, words[1], &result) == DuckDBSuccess) {
            printf("{\"seconds\": %.6f, \"rows\": %llu}\n", seconds_now() - start, (unsigned long long)duckdb_row_count(&result));
            status = 0;
        } else {
            fprintf(stderr, "%s\n", duckdb_result_error(&result));
        }
        duckdb_destroy_result(&result);
        duckdb_disconnect(&connection);
    }
    duckdb_close(&database);
    return status;
}
