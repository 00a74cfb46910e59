/* dir/library.so of the tests. */
int in_library(void);
int in_library(void) {
    return 4711;
}
