/** OverlayFS as data: layers in, changes out. */
package dev.velo.overlay;
